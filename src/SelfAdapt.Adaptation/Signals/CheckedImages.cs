using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Signals;

/// <summary>
/// The images that every network of a run is measured on, against the first one measured, the source network. All is
/// done at the network's scale and on the middle parts of images, so that a check takes as long for any folder.
/// </summary>
internal sealed class CheckedImages
{
    /// <summary>IoU from which two masks are the same cell.</summary>
    private const double MatchIou = 0.5;

    /// <summary>Side of the part that is looked at, px at the network's scale.</summary>
    private const int LargestPart = 256;

    // How far below the source network's mean a cell's fit may be before it counts against a network; and what any outline
    // has (docs/results.md, "Which checkpoint"). Those of a coarse network's bands differ less.
    private const double Tolerance = 0.2;
    private const double ChanceFit = 1;

    // A handful of cells says little: the error is at least that of so many more, that differ so much.
    private const int PriorCells = 5;
    private const double PriorDeviation = 0.1;

    private readonly NamedImage[] _parts;
    private readonly OutlineFit[] _outlines;
    private readonly SegmentationOptions _options;
    private readonly double _scale;
    private readonly double _tolerance;
    private readonly IRanks _ranks;
    private Opinion? _source;

    /// <param name="images">At least one.</param>
    /// <param name="segmentation">How they are prepared and segmented.</param>
    /// <param name="inputChannels">Channels that the networks take.</param>
    /// <param name="grid">Pixels each way that share a value of theirs.</param>
    /// <param name="ranks">Processes that measure a network together, each on some of the images; null: one by itself.</param>
    public CheckedImages(
        IReadOnlyList<NamedImage> images, SegmentationOptions segmentation, int inputChannels, int grid = 1,
        IRanks? ranks = null)
    {
        _ranks = ranks ?? SingleRank.Instance;
        (_scale, _tolerance) = (segmentation.Rescale, Tolerance / grid);
        _parts =
        [
            .. images.Select(i => i with
            {
                Image = ImagePreparation.Middle(
                    ImagePreparation.Prepare(i.Image, segmentation, inputChannels, i.Name), LargestPart),
            })
        ];
        _outlines = [.. _parts.Select(p => new OutlineFit(Seen(p.Image), segmentation.DiamMean, grid))];

        _options = segmentation.OfPrepared(inputChannels) with
        {
            Diameter = 0,
            MinSize = (int)Math.Round(segmentation.MinSize * _scale * _scale),
        };
    }

    /// <summary>Measures a network; the first is the source.</summary>
    /// <param name="gamma">
    /// The power of intensities that it sees; null: the one that it was made for. Edges are looked for in the images as they are.
    /// </param>
    /// <param name="seen">The same images prepared otherwise, which it sees instead; null: these.</param>
    public LabelFreeSignals Measure(ISegmentationNetwork network, double? gamma = null, CheckedImages? seen = null)
    {
        Segmenter segmenter = new(network, _options with { Gamma = gamma });
        ImageFindings[] opinions = OfAll(i =>
        {
            NamedImage part = (seen ?? this)._parts[i];
            SegmentationResult result = segmenter.Segment(part.Image, part.Name);
            return new(
                result.Masks, _outlines[i].Of(result.Masks), result.Embedding, FlowFit.Of(result, _options, network.Outputs));
        });
        LabelImage[] masks = [.. opinions.Select(o => o.Masks)];
        Opinion current = new(masks, [.. opinions.Select(o => o.Fits)], [.. opinions.SelectMany(o => o.Embedding)]);
        Opinion source = _source ??= current;
        InstanceMatching[] common = [.. masks.Select((m, i) => InstanceMatching.Match(source.Masks[i], m, MatchIou))];
        double[] changes = [.. common.SelectMany((c, i) => c.Pairs.Select(
            p => current.Fits[i][p.PredictedLabel - 1] - source.Fits[i][p.TrueLabel - 1]))];
        double[] fits = [.. current.Fits.SelectMany(f => f)];
        double asked = Math.Max(ChanceFit, source.Fits.SelectMany(f => f).DefaultIfEmpty(1).Average() - _tolerance);
        FlowFit flows = opinions.Aggregate(default(FlowFit), (sum, o) => sum + o.Flows);
        return new LabelFreeSignals
        {
            FnRate = CellChange.Of(common).LostFraction,
            EmbeddingDistance = current.Embeddings.Length == 0
                ? 0
                : StoppingSignals.EmbeddingDistance(source.Embeddings, current.Embeddings, opinions[0].Embedding.Length),
            OutlineFit = fits.DefaultIfEmpty(1).Average(),
            OutlineChange = changes.DefaultIfEmpty(0).Average(),
            Evidence = fits.Sum(f => f - asked),
            EvidenceError = Error(common, source, current, asked),
            Explained = flows.Explained,
            FlowError = flows.Error,
            Foreground = masks.Sum(m => (long)m.Labels.Count(l => l > 0)) / (double)masks.Sum(m => (long)m.Labels.Length),
            Cells = fits.Length,
            Diameter = CellGeometry.MedianDiameter(masks) / _scale,
        };
    }

    /// <summary>Looks at all images, together with the other ranks.</summary>
    private ImageFindings[] OfAll(Func<int, ImageFindings> look)
    {
        int[] images = [.. Enumerable.Range(0, _parts.Length)];
        if (_ranks.Count == 1)
        {
            return Array.ConvertAll(images, i => look(i));
        }

        using MemoryStream bytes = new();
        bytes.Write(_ranks.Divide(images, i => look(i).ToBytes()));
        bytes.Position = 0;
        using BinaryReader reader = new(bytes);
        return Array.ConvertAll(images, _ => ImageFindings.Read(reader));
    }

    /// <summary>
    /// Standard error of the difference of two networks' evidence: as if each cell spoke for itself, or as if those of an
    /// image spoke with one voice, whichever is larger.
    /// </summary>
    private static double Error(InstanceMatching[] common, Opinion source, Opinion current, double asked)
    {
        double[][] differences = [.. common.Select((matching, i) =>
        {
            HashSet<int> before = [.. matching.Pairs.Select(p => p.TrueLabel)];
            HashSet<int> now = [.. matching.Pairs.Select(p => p.PredictedLabel)];
            return matching.Pairs.Select(p => current.Fits[i][p.PredictedLabel - 1] - source.Fits[i][p.TrueLabel - 1])
                .Concat(current.Fits[i].Where((_, cell) => !now.Contains(cell + 1)).Select(fit => fit - asked))
                .Concat(source.Fits[i].Where((_, cell) => !before.Contains(cell + 1)).Select(fit => asked - fit)).ToArray();
        })];
        int cells = differences.Sum(d => d.Length);
        double mean = cells == 0 ? 0 : differences.Sum(d => d.Sum()) / cells;
        double meanOfImages = differences.Average(d => d.Sum());
        double byCells = differences.Sum(d => d.Sum(v => (v - mean) * (v - mean)));
        double byImages = differences.Sum(d => Math.Pow(d.Sum() - meanOfImages, 2));
        return Math.Sqrt(Math.Max(byCells, byImages) + (PriorCells * PriorDeviation * PriorDeviation));
    }

    /// <summary>What edges are looked for in: the channel to segment, or the mean of the colours.</summary>
    private static Image Seen(Image prepared)
    {
        if (prepared.Channels <= 2)
        {
            return prepared;
        }

        float[] mean = new float[prepared.Height * prepared.Width];
        for (int i = 0; i < prepared.Pixels.Length; i++)
        {
            mean[i % mean.Length] += prepared.Pixels[i] / prepared.Channels;
        }

        return new Image(1, prepared.Height, prepared.Width, mean);
    }

    /// <summary>What a network finds.</summary>
    /// <param name="Fits">Per image and cell, how well its outline fits.</param>
    private sealed record Opinion(LabelImage[] Masks, double[][] Fits, float[] Embeddings);
}
