using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>
/// Finds the power of intensities with which a network's outlines lie best on the edges of the images as they are
/// (docs/method.md). No labels are needed.
/// </summary>
internal static class GammaFinder
{
    /// <summary>
    /// How far the evidence must be above that of the images as they are, in its standard errors (docs/results.md, "What the input
    /// is worth").
    /// </summary>
    public const double Clearly = 2;

    /// <summary>The powers that are tried, of the one that the network was made for.</summary>
    public static IReadOnlyList<double> Factors { get; } = [0.5, 0.7, 1.5];

    /// <summary>Finds it.</summary>
    /// <param name="network">The network; stays the caller's to dispose.</param>
    /// <param name="options">How images are segmented, with the objects' size.</param>
    /// <param name="images">At least one; some are looked at.</param>
    /// <returns>The network's own where no power is clearly better.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public static double Find(
        ISegmentationNetwork network, SegmentationOptions options, IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        CheckedImages looked = new(AdaptationLoop.Checked(images, new AdaptationOptions()), options, network.InputChannels, network.Outputs.Grid);
        return Find(looked, network, looked.Measure(network), network.Gamma, cancelled)?.Gamma ?? network.Gamma;
    }

    /// <summary>The same on images that a network was measured on already.</summary>
    /// <param name="plain">What it showed, or another that is to be beaten.</param>
    /// <param name="own">The power that it was made for.</param>
    /// <returns>The power and what it shows; null where none is clearly better.</returns>
    public static (double Gamma, LabelFreeSignals Signals)? Find(
        CheckedImages looked, ISegmentationNetwork network, LabelFreeSignals plain, double own,
        CancellationToken cancelled = default)
    {
        (double Gamma, LabelFreeSignals Signals)? best = null;
        foreach (double power in Factors.Select(f => Math.Round(own * f, 4)))
        {
            cancelled.ThrowIfCancellationRequested();
            LabelFreeSignals signals = looked.Measure(network, power);
            if (signals.Evidence > (best?.Signals ?? plain).Evidence
                && signals.Evidence - plain.Evidence > Clearly * signals.EvidenceError)
            {
                best = (power, signals);
            }
        }

        return best;
    }
}
