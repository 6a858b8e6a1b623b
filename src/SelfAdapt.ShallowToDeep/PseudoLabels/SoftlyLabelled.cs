using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.PseudoLabels;

/// <summary>An image of the target with a map that serves as its soft labels.</summary>
/// <param name="Map">[height, width], probabilities of an object.</param>
internal sealed record SoftlyLabelled(FeatureImage Image, float[] Map, string Name);
