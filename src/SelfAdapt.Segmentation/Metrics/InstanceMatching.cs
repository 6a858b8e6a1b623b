using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Metrics;

/// <summary>A true and a predicted cell that were taken for the same one.</summary>
internal readonly record struct CellPair(int TrueLabel, int PredictedLabel, double Iou);

/// <summary>Which true cells were found at an IoU threshold (docs/cellpose.md 6).</summary>
/// <param name="TruePositives">Pairs with at least the threshold; the most that can be paired one to
/// one.</param>
/// <param name="Pairs">The pairs, ordered by the true cell's first appearance.</param>
internal sealed record InstanceMatching(
    int TruePositives, int FalsePositives, int FalseNegatives, IReadOnlyList<CellPair> Pairs)
{
    /// <summary>TP / (TP + FP + FN); 1 when neither image holds a cell.</summary>
    public double AveragePrecision => Ratio(TruePositives, TruePositives + FalsePositives + FalseNegatives);

    /// <summary>FN / (TP + FN), the fraction of true cells that were missed; 0 when there are none.</summary>
    public double FalseNegativeRate => 1 - Ratio(TruePositives, TruePositives + FalseNegatives);

    /// <param name="threshold">Least IoU of a pair, above 0, at most 1.</param>
    public static InstanceMatching Match(LabelImage truth, LabelImage predicted, double threshold) =>
        Match(OverlapTable.Compare(truth, predicted), threshold);

    internal static InstanceMatching Match(OverlapTable table, double threshold)
    {
        List<CellPair> pairs = [];
        foreach (Overlap overlap in Assign(table, threshold))
        {
            if (overlap.Iou >= threshold)
            {
                pairs.Add(new(
                    table.TrueLabels[overlap.True], table.PredictedLabels[overlap.Predicted], overlap.Iou));
            }
        }

        return new(
            pairs.Count,
            table.PredictedLabels.Length - pairs.Count,
            table.TrueLabels.Length - pairs.Count,
            pairs);
    }

    /// <summary>
    /// Cellpose's assignment: first as many pairs at the threshold as possible, then the largest summed IoU.
    /// </summary>
    internal static List<Overlap> Assign(OverlapTable table, double threshold)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threshold);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threshold, 1);
        int smaller = Math.Min(table.TrueLabels.Length, table.PredictedLabels.Length);
        int[] partner = SparseAssignment.Solve(
            table.TrueLabels.Length, table.PredictedLabels.Length,
            table.Overlaps.ConvertAll(o =>
                (o.True, o.Predicted, (o.Iou >= threshold ? 1 : 0) + (o.Iou / (2.0 * smaller)))));
        return table.Overlaps.FindAll(o => partner[o.True] == o.Predicted);
    }

    private static double Ratio(int part, int whole) => whole == 0 ? 1 : (double)part / whole;
}
