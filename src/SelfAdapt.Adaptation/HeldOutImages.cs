using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Adaptation;

/// <summary>
/// The images that nothing is learnt from: every network of a run is measured on them, against the first one measured,
/// the source network.
/// </summary>
internal sealed class HeldOutImages(
    IReadOnlyList<NamedImage> images, SegmentationOptions segmentation, OutputDescription outputs)
{
    /// <summary>IoU from which two masks are the same cell.</summary>
    private const double MatchIou = 0.5;

    /// <summary>
    /// A handful of cells says little: to those whose opinion is asked so many without one are added, to the source's so
    /// many that are still there.
    /// </summary>
    private const int PriorCells = 20;

    /// <summary>Noise that an opinion should outlast, in standard deviations of the image's channel.</summary>
    private const double Noise = 0.5;

    private readonly IReadOnlyList<Image> _noisy =
        [.. images.Select((image, i) => WithNoise(image.Image, (ulong)i))];

    private (LabelImage[] Masks, float[] Embeddings)? _source;

    /// <summary>Measures a network; the first is the source.</summary>
    public HeldOutSignals Measure(Segmenter network)
    {
        SegmentationResult[] current = [.. images.Select(image => network.Segment(image.Image, image.Name))];
        LabelImage[] masks = [.. current.Select(c => c.Masks)];
        LabelImage[] noisy = [.. _noisy.Select((image, i) => network.Segment(image, images[i].Name).Masks)];
        float[] embeddings = [.. current.SelectMany(c => c.Embedding)];
        (LabelImage[] Masks, float[] Embeddings) source = _source ??= (masks, embeddings);
        CellChange change = CellChange.Between(source.Masks, masks, MatchIou);
        double agreement = CellChange.Between(masks, noisy, MatchIou).Agreement;
        int cells = masks.Sum(CellGeometry.Count);
        FlowFit fit = current.Aggregate(default(FlowFit), (sum, r) => sum + FlowFit.Of(r, segmentation, outputs));
        return new HeldOutSignals
        {
            FnRate = change.LostFraction,
            EmbeddingDistance = embeddings.Length == 0
                ? 0
                : StoppingSignals.EmbeddingDistance(source.Embeddings, embeddings, current[0].Embedding.Length),
            Agreement = agreement,
            Steadiness = agreement * cells / (cells + PriorCells) * change.Remaining(PriorCells),
            Explained = fit.Explained,
            FlowError = fit.Error,
            Foreground = masks.Sum(m => (long)m.Labels.Count(l => l > 0)) / (double)masks.Sum(m => (long)m.Labels.Length),
            Cells = cells,
            Diameter = CellGeometry.MedianDiameter(masks),
        };
    }

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
