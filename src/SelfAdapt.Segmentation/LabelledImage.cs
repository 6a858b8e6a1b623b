

using SelfAdapt.Files;

namespace SelfAdapt.Segmentation;

/// <summary>A labelled image as read.</summary>
/// <param name="Image">The picture, any number of channels.</param>
/// <param name="Masks">Its cells, of the same size.</param>
/// <param name="Name">What messages call it, for example its file name.</param>
public sealed record LabelledImage(Image Image, LabelImage Masks, string Name);
