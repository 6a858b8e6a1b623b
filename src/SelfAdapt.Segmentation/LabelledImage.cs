using SelfAdapt.Files;

namespace SelfAdapt.Segmentation;

/// <summary>A labelled image as read.</summary>
internal sealed record LabelledImage(Image Image, LabelImage Masks, string Name);
