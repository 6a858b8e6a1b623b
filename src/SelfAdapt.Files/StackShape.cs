namespace SelfAdapt.Files;

/// <summary>A grid of images in depth and time.</summary>
/// <param name="TimesFirst">Whether a slice's time points follow each other, instead of a time point's slices.</param>
internal sealed record StackShape(int Slices, int Times, bool TimesFirst);
