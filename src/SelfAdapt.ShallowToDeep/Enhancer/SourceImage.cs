using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>A densely labelled image of the source.</summary>
/// <param name="Object">[height, width], whether a pixel belongs to an object.</param>
internal sealed record SourceImage(FeatureImage Image, bool[] Object);
