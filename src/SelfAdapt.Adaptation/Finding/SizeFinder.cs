using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>What a network says of images whose objects were taken to have one size.</summary>
/// <param name="Diameter">That size, px.</param>
/// <param name="Found">The cells' median diameter, px; 0 without cells.</param>
/// <param name="Agreement">AP at IoU 0.5 between the cells of the images and of the same images under noise, pooled.</param>
internal sealed record SizeTrial(double Diameter, double Found, double Agreement, FlowFit Flows)
{
    // A handful of cells says little.
    private const int PriorCells = 20;

    // Half the squared length of a unit vector: the error of flows that say nothing.
    private const double BlindFlowError = 0.5;

    // How far apart, in the logarithm, the size that was taken and the one that was found may be.
    private const double SizeTolerance = 0.5;

    /// <summary>
    /// How much the network stands by what it found, 0 to 1: cells that survive noise, flows that fit them, and a size that
    /// is not far from the one that found them.
    /// </summary>
    public double Score => Flows.Cells == 0 ? 0
        : Agreement * Flows.Cells / (Flows.Cells + PriorCells)
            * Math.Max(0, 1 - (Flows.Error / BlindFlowError))
            * Math.Exp(-0.5 * Math.Pow(Math.Log(Found / Diameter) / SizeTolerance, 2));
}

/// <summary>The size of the objects in images, found without labels.</summary>
/// <param name="Diameter">Mean diameter, px.</param>
/// <param name="Doubt">Why it should be looked at, in words for the user; null where nothing speaks against it.</param>
/// <param name="Trials">What was tried, by size.</param>
internal sealed record ObjectSize(double Diameter, string? Doubt, IReadOnlyList<SizeTrial> Trials)
{
    /// <summary>How much the network stands by what it finds at the best size, 0 to 1.</summary>
    public double Score => Trials.Max(t => t.Score);
}

/// <summary>
/// Finds the size of objects by trying sizes around the one that a network was trained at, on parts of a few images, and
/// taking the one whose result the network itself stands by most (docs/method.md). No labels are needed.
/// </summary>
/// <param name="network">The network; stays the caller's to dispose.</param>
/// <param name="options">How images are segmented; their diameter is not looked at.</param>
internal sealed class SizeFinder(ISegmentationNetwork network, SegmentationOptions options)
{
    private const int MostImages = 6;
    private const int LargestPart = 400;

    /// <summary>IoU from which two masks are the same cell.</summary>
    private const double MatchIou = 0.5;

    /// <summary>Noise that an opinion should outlast, in standard deviations of the image's channel.</summary>
    private const double Noise = 0.5;

    private const double WeakScore = 0.2;
    private const double Rivalry = 0.9;
    private const double OtherSize = 1.6;

    // Half octaves from a third to eight times the training size, as shrunken images cost little; then quarter octaves beside
    // the best.
    private static readonly double[] Steps = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6];
    private static readonly double[] Refinement = [-0.5, 0.5];

    /// <summary>As many as are looked at, evenly among all.</summary>
    public static IEnumerable<T> Some<T>(IReadOnlyList<T> all, int most = MostImages)
    {
        int count = Math.Min(most, all.Count);
        return Enumerable.Range(0, count).Select(i => all[i * all.Count / count]);
    }

    /// <summary>Finds it.</summary>
    /// <param name="images">At least one; some are looked at.</param>
    /// <returns>Null where the network finds no object at any size.</returns>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>.</exception>
    public ObjectSize? Find(IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        NamedImage[] chosen = [.. Some(images)];
        List<SizeTrial> trials = [];
        Try(Steps);
        SizeTrial best = trials.MaxBy(t => t.Score)!;
        if (best.Score == 0)
        {
            return null;
        }

        double found = Math.Log2(best.Diameter / options.DiamMean) * 2;
        Try(Refinement.Select(r => found + r));
        best = trials.MaxBy(t => t.Score)!;
        return new ObjectSize(best.Found, Doubt(best, trials), [.. trials.OrderBy(t => t.Diameter)]);

        void Try(IEnumerable<double> halfOctaves)
        {
            foreach (double diameter in halfOctaves.Select(h => options.DiamMean * Math.Pow(2, h / 2)))
            {
                cancelled.ThrowIfCancellationRequested();
                trials.Add(Measure(chosen, diameter));
            }
        }
    }

    private SizeTrial Measure(NamedImage[] images, double diameter)
    {
        SegmentationOptions tried = options with { Diameter = diameter };
        int side = (int)Math.Ceiling(LargestPart / tried.Rescale);
        Image[] parts = [.. images.Select(i => ImagePreparation.Middle(i.Image, side))];
        Segmenter segmenter = new(network, tried);
        SegmentationResult[] plain = [.. parts.Select((p, i) => segmenter.Segment(p, images[i].Name))];
        LabelImage[] masks = [.. plain.Select(r => r.Masks)];
        LabelImage[] noisy =
            [.. parts.Select((p, i) => segmenter.Segment(WithNoise(p, (ulong)i), images[i].Name).Masks)];
        return new SizeTrial(
            diameter, CellGeometry.MedianDiameter(masks), CellChange.Between(masks, noisy, MatchIou).Agreement,
            plain.Aggregate(default(FlowFit), (sum, r) => sum + FlowFit.Of(r, tried, network.Outputs)));
    }

    private static string? Doubt(SizeTrial best, List<SizeTrial> trials)
    {
        SizeTrial? rival = trials
            .Where(t => t.Score >= Rivalry * best.Score && Ratio(t.Found, best.Found) > OtherSize)
            .MaxBy(t => t.Score);
        return rival is not null
            ? FormattableString.Invariant($"objects of about {rival.Found:0} px are nearly as likely")
            : best.Score < WeakScore ? "the network stands by little of what it finds here at any size"
            : null;
    }

    private static double Ratio(double a, double b) => Math.Max(a / b, b / a);

    /// <summary>The image with noise of its own, the same in every run.</summary>
    internal static Image WithNoise(Image image, ulong key)
    {
        Image noisy = new(image.Channels, image.Height, image.Width, [.. image.Pixels]);
        for (int c = 0; c < image.Channels; c++)
        {
            Span<float> plane = noisy.Plane(c);
            (double sum, double squares) = (0, 0);
            foreach (float value in plane)
            {
                sum += value;
                squares += (double)value * value;
            }

            double mean = sum / plane.Length;
            double amplitude = Noise * Math.Sqrt(Math.Max(0, (squares / plane.Length) - (mean * mean)));
            for (int i = 0; i < plane.Length && amplitude > 0; i++)
            {
                plane[i] += (float)(amplitude * CounterRandom.Normal(key, ((ulong)c << 32) | (uint)i));
            }
        }

        return noisy;
    }
}
