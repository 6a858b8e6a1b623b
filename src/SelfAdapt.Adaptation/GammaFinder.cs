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

    // Of the power that the network was made for.
    private static readonly double[] Factors = [0.5, 0.7, 1.5];

    /// <summary>Finds it.</summary>
    /// <param name="network">The network; stays the caller's to dispose.</param>
    /// <param name="options">How images are segmented, with the objects' size.</param>
    /// <param name="images">At least one; some are looked at.</param>
    /// <returns>The network's own where no power is clearly better.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public static double Find(
        ISegmentationNetwork network, SegmentationOptions options, IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        CheckedImages looked = new(AdaptationLoop.Checked(images, new AdaptationOptions()), options, network.InputChannels);
        double own = network.Gamma;
        double found = Find(looked, network, looked.Measure(network), own, cancelled);
        cancelled.ThrowIfCancellationRequested();
        return found;
    }

    /// <summary>The same on images that a network was measured on already.</summary>
    /// <param name="plain">What it showed with the power that it was made for.</param>
    /// <param name="own">That power.</param>
    /// <returns>That power too where the search was broken off.</returns>
    public static double Find(
        CheckedImages looked, ISegmentationNetwork network, LabelFreeSignals plain, double own, CancellationToken cancelled)
    {
        (double best, double most) = (own, plain.Evidence);
        foreach (double power in Factors.Select(f => Math.Round(own * f, 4)))
        {
            if (cancelled.IsCancellationRequested)
            {
                return own;
            }

            LabelFreeSignals signals = looked.Measure(network, power);
            if (signals.Evidence > most && signals.Evidence - plain.Evidence > Clearly * signals.EvidenceError)
            {
                (best, most) = (power, signals.Evidence);
            }
        }

        return best;
    }
}
