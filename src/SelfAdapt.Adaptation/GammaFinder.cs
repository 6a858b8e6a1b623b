using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Adaptation;

/// <summary>
/// Finds the power of intensities with which a network's outlines lie best on the edges of the images as they are
/// (docs/method.md). No labels are needed.
/// </summary>
internal static class GammaFinder
{
    // How far the evidence must be above that of the images as they are, in its standard errors (docs/results.md, "What the
    // input is worth").
    private const double Clearly = 2;

    private static readonly double[] Powers = [0.5, 0.7, 1.5];

    /// <summary>Finds it.</summary>
    /// <param name="network">The network; stays the caller's to dispose.</param>
    /// <param name="options">How images are segmented, with the objects' size; their power is not looked at.</param>
    /// <param name="images">At least one; some are looked at.</param>
    /// <returns>1 where no power is clearly better.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public static double Find(
        ISegmentationNetwork network, SegmentationOptions options, IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        CheckedImages looked = new(
            AdaptationLoop.Checked(images, new AdaptationOptions()), options with { Gamma = 1 }, network.InputChannels);
        (double best, double most) = (1, looked.Measure(network).Evidence);
        double plain = most;
        foreach (double power in Powers)
        {
            cancelled.ThrowIfCancellationRequested();
            LabelFreeSignals signals = looked.Measure(network, power);
            if (signals.Evidence > most && signals.Evidence - plain > Clearly * signals.EvidenceError)
            {
                (best, most) = (power, signals.Evidence);
            }
        }

        return best;
    }
}
