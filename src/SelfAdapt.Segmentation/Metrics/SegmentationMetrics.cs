using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Metrics;

/// <summary>How well outlines agree at one distance.</summary>
internal readonly record struct BoundaryScore(double Precision, double Recall)
{
    /// <summary>Harmonic mean of precision and recall; 0 when both are 0.</summary>
    public double F => Precision + Recall > 0 ? 2 * Precision * Recall / (Precision + Recall) : 0;
}

/// <summary>
/// Scores of a segmentation against a reference, as Cellpose defines them (docs/cellpose.md 6). Where
/// neither image holds a cell every score is 1: nothing was there and nothing was claimed.
/// </summary>
internal static class SegmentationMetrics
{
    private const double AssignmentThreshold = 0.5;

    /// <summary>TP / (TP + FP + FN) at each IoU threshold.</summary>
    /// <param name="thresholds">IoU thresholds, each above 0 and at most 1.</param>
    public static double[] AveragePrecision(
        LabelImage truth, LabelImage predicted, IReadOnlyList<double> thresholds)
    {
        OverlapTable table = OverlapTable.Compare(truth, predicted);
        return thresholds.Select(t => InstanceMatching.Match(table, t).AveragePrecision).ToArray();
    }

    /// <summary>
    /// Pixels shared by matched cells over pixels that are cell in either image: Cellpose's variant of the
    /// aggregated Jaccard index.
    /// </summary>
    public static double AggregatedJaccard(LabelImage truth, LabelImage predicted)
    {
        OverlapTable table = OverlapTable.Compare(truth, predicted);
        long shared = InstanceMatching.Assign(table, AssignmentThreshold).Sum(pair => (long)pair.Pixels);
        long either = 0;
        for (int i = 0; i < truth.Labels.Length; i++)
        {
            either += truth.Labels[i] > 0 || predicted.Labels[i] > 0 ? 1 : 0;
        }

        return either == 0 ? 1 : (double)shared / either;
    }

    /// <summary>Agreement of outlines, both widened by a disc.</summary>
    /// <param name="scales">Radii as fractions of the reference's median diameter; at least 1 px is
    /// used.</param>
    public static BoundaryScore[] BoundaryScores(
        LabelImage truth, LabelImage predicted, IReadOnlyList<double> scales)
    {
        if (truth.Height != predicted.Height || truth.Width != predicted.Width)
        {
            throw new ArgumentException("Outlines of images of different size can't be compared.");
        }

        double diameter = CellGeometry.MedianDiameter(truth);
        bool[] trueOutline = CellGeometry.OutlinePixels(truth);
        bool[] predictedOutline = CellGeometry.OutlinePixels(predicted);
        return scales.Select(scale =>
        {
            double radius = Math.Max(1, scale * diameter);
            return Compare(
                CellGeometry.DilateByDisc(trueOutline, truth.Height, truth.Width, radius),
                CellGeometry.DilateByDisc(predictedOutline, truth.Height, truth.Width, radius));
        }).ToArray();
    }

    private static BoundaryScore Compare(bool[] truth, bool[] predicted)
    {
        (int inTruth, int inPredicted, int inBoth) = (0, 0, 0);
        for (int i = 0; i < truth.Length; i++)
        {
            inTruth += truth[i] ? 1 : 0;
            inPredicted += predicted[i] ? 1 : 0;
            inBoth += truth[i] && predicted[i] ? 1 : 0;
        }

        // An empty side can't be wrong about anything unless the other side shows that something was there.
        double precision = inPredicted > 0 ? (double)inBoth / inPredicted : inTruth > 0 ? 0 : 1;
        double recall = inTruth > 0 ? (double)inBoth / inTruth : inPredicted > 0 ? 0 : 1;
        return new(precision, recall);
    }
}
