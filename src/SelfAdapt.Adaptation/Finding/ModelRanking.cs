using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation.Finding;

/// <summary>What a network says of one image.</summary>
/// <param name="Fit">How well its masks fit its outputs.</param>
/// <param name="Steady">
/// How much of its foreground is the same without half of the bottleneck's channels: pixels that are foreground both times,
/// over those that are at least once; 0 where there are none, as no cell is no opinion.
/// </param>
/// <param name="Diameter">The median cell's, px; 0 without cells.</param>
internal sealed record ImageOpinion(FlowFit Fit, double Steady, double Diameter);

/// <summary>What a network says of some images.</summary>
/// <param name="Images">In the order of the images.</param>
internal sealed record ModelOpinion(IReadOnlyList<ImageOpinion> Images)
{
    /// <summary>How much what the network finds is to be trusted, 0 to 1 (docs/method.md).</summary>
    public double Score => ScoreOf(Images);

    public int Cells => Images.Sum(i => i.Fit.Cells);

    /// <summary>The median over images of the median cell's diameter, px; 0 without cells.</summary>
    public double Diameter => CellGeometry.Median(Images.Select(i => i.Diameter).Where(d => d > 0));

    public static double ScoreOf(IReadOnlyCollection<ImageOpinion> images) => ScoreOf(
        CellGeometry.Median(images.Select(i => i.Steady)), images.Aggregate(default(FlowFit), (sum, i) => sum + i.Fit));

    /// <summary>The score from its parts.</summary>
    public static double ScoreOf(double steady, FlowFit fit)
    {
        // A handful of cells says little.
        const double PriorCells = 20;

        // Half the squared length of a unit vector: the error of flows that say nothing.
        const double BlindFlowError = 0.5;
        return steady * fit.Explained * Math.Max(0, 1 - (fit.Error / BlindFlowError)) * fit.Cells / (fit.Cells + PriorCells);
    }
}

/// <summary>
/// Says without labels which of several networks sees most in some images: one whose masks outlast the loss of half of the
/// bottleneck's channels (CRank, arXiv 2503.00450), and fit the flows that they were made of (docs/method.md).
/// </summary>
internal static class ModelRanking
{
    /// <summary>So many images are looked at.</summary>
    public const int MostImages = 6;

    /// <summary>How often the images are drawn anew, to tell how sure an order is.</summary>
    public const int Redraws = 1000;

    /// <summary>A network that is best in such a share of the redraws is a rival of the best one.</summary>
    public const double Rivalry = 0.1;

    private const int LargestPart = 256;
    private const int Draws = 2;
    private const double DropoutRate = 0.5;

    /// <summary>Asks a network of the middle parts of images.</summary>
    /// <param name="network">With nothing dropped; afterwards as well.</param>
    /// <param name="images">At least one, all looked at.</param>
    /// <exception cref="SelfAdaptException">
    /// ModelUnsupported: the network has no flows. Else as <see cref="Segmenter.Segment"/>.
    /// </exception>
    public static ModelOpinion Ask(
        DropoutNetwork network, SegmentationOptions options, IReadOnlyList<NamedImage> images, CancellationToken cancelled)
    {
        if (!network.Outputs.HasFlow)
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, "its outputs hold no flows, and networks are compared by how well those fit.");
        }

        Segmenter segmenter = new(network, options);
        int side = (int)Math.Ceiling(LargestPart / options.Rescale);
        return new([.. images.Select((image, i) =>
        {
            cancelled.ThrowIfCancellationRequested();
            Image part = ImagePreparation.Middle(image.Image, side);
            SegmentationResult whole = segmenter.Segment(part, image.Path);
            double steady = Enumerable.Range(0, Draws).Average(draw =>
            {
                network.Drop(DropoutRate, new RandomStream((ulong)((i * Draws) + draw)).Substream("dropout").Key);
                return Common(whole.Masks, segmenter.Segment(part, image.Path).Masks);
            });
            network.Drop(0, 0);
            return new ImageOpinion(
                FlowFit.Of(whole, options, network.Outputs), steady, CellGeometry.MedianDiameter(whole.Masks));
        })]);
    }

    /// <summary>How often each network has the best score where the images are drawn anew, with replacement.</summary>
    /// <param name="opinions">Of the same images; at least one.</param>
    /// <returns>Shares that sum to 1; equal ones share a redraw.</returns>
    public static double[] FirstShares(IReadOnlyList<ModelOpinion> opinions)
    {
        int images = opinions[0].Images.Count;
        RandomStream random = new RandomStream(0).Substream("redraws");
        double[] shares = new double[opinions.Count];
        for (int redraw = 0; redraw < Redraws; redraw++)
        {
            int[] drawn = [.. Enumerable.Range(0, images).Select(_ => random.NextIndex(images))];
            double[] scores =
                [.. opinions.Select(o => ModelOpinion.ScoreOf([.. drawn.Select(i => o.Images[i])]))];
            double best = scores.Max();
            int[] first = [.. Enumerable.Range(0, scores.Length).Where(m => scores[m] == best)];
            foreach (int model in first)
            {
                shares[model] += 1.0 / (first.Length * Redraws);
            }
        }

        return shares;
    }

    /// <summary>Pixels that are foreground in both, over those that are in at least one; 0 where there are none.</summary>
    public static double Common(LabelImage a, LabelImage b)
    {
        (int either, int both) = (0, 0);
        for (int i = 0; i < a.Labels.Length; i++)
        {
            either += a.Labels[i] > 0 || b.Labels[i] > 0 ? 1 : 0;
            both += a.Labels[i] > 0 && b.Labels[i] > 0 ? 1 : 0;
        }

        return either == 0 ? 0 : both / (double)either;
    }
}
