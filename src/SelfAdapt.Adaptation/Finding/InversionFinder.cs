using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>
/// Finds whether a network does better on inverted images, as one for bright objects does on dark ones, by which of its outlines
/// lie on the edges of the images (docs/method.md). No labels are needed.
/// </summary>
internal static class InversionFinder
{
    // Of the intensities between the 1st and the 99th percentile. The median of fluorescence is below.
    private const double DarkGround = 1 / 3.0;

    // At the network's scale, px.
    private const int LargestPart = 400;

    /// <summary>Whether any of the images has a ground that is not dark.</summary>
    public static bool IsWorthAsking(IEnumerable<NamedImage> images) =>
        images.Any(i => ImageLook.Of(i.Image).Background >= DarkGround);

    /// <summary>Finds it.</summary>
    /// <param name="network">The network; stays the caller's to dispose.</param>
    /// <param name="options">How images are segmented as they are, with the objects' size.</param>
    /// <param name="images">At least one; some are looked at.</param>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public static bool Find(
        ISegmentationNetwork network, SegmentationOptions options, IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        int side = (int)Math.Ceiling(LargestPart / options.Rescale);
        NamedImage[] some = [.. AdaptationLoop.Checked(images, new AdaptationOptions())
            .Select(i => i with { Image = ImagePreparation.Middle(i.Image, side) })];
        CheckedImages asTheyAre = new(some, options with { Invert = false }, network.InputChannels, network.Outputs.Grid);
        LabelFreeSignals plain = asTheyAre.Measure(network);
        cancelled.ThrowIfCancellationRequested();
        CheckedImages inverted = new(some, options with { Invert = true }, network.InputChannels, network.Outputs.Grid);
        LabelFreeSignals other = asTheyAre.Measure(network, seen: inverted);
        return other.Evidence - plain.Evidence > GammaFinder.Clearly * other.EvidenceError;
    }
}
