

using SelfAdapt.Files;

namespace SelfAdapt.Segmentation;

/// <summary>A labelled image as read.</summary>
/// <param name="Masks">Its cells, of the same size.</param>
internal sealed record LabelledImage(Image Image, LabelImage Masks, string Name);
