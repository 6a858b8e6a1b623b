using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Metrics;

/// <summary>One true cell and one predicted cell that share pixels.</summary>
/// <param name="True">0-based number of the true cell, in raster order of first appearance.</param>
/// <param name="Predicted">0-based number of the predicted cell, likewise.</param>
/// <param name="Pixels">Shared pixels, at least 1.</param>
internal readonly record struct Overlap(int True, int Predicted, int Pixels, double Iou);

/// <summary>
/// Every overlap between two segmentations of one image (docs/cellpose.md 6). Cells are renumbered
/// without gaps first, so a missing label number is no cell.
/// </summary>
/// <param name="TrueLabels">The label that each true cell has in its image.</param>
/// <param name="PredictedLabels">The label that each predicted cell has in its image.</param>
/// <param name="Overlaps">All pairs that share a pixel, ordered by true cell, then predicted cell.</param>
internal sealed record OverlapTable(int[] TrueLabels, int[] PredictedLabels, List<Overlap> Overlaps)
{
    public static OverlapTable Compare(LabelImage truth, LabelImage predicted)
    {
        if (truth.Height != predicted.Height || truth.Width != predicted.Width)
        {
            throw new ArgumentException(
                $"A {truth.Height}x{truth.Width} and a {predicted.Height}x{predicted.Width} image can't be "
                + "compared pixel by pixel.");
        }

        LabelImage trueCells = new(truth.Height, truth.Width, [.. truth.Labels]);
        LabelImage predictedCells = new(predicted.Height, predicted.Width, [.. predicted.Labels]);
        int[] trueLabels = LabelRegions.RenumberInPlace(trueCells);
        int[] predictedLabels = LabelRegions.RenumberInPlace(predictedCells);
        int[] trueAreas = Areas(trueCells, trueLabels.Length);
        int[] predictedAreas = Areas(predictedCells, predictedLabels.Length);
        List<Overlap> overlaps = [];
        foreach (((int t, int p), int pixels) in CountShared(trueCells.Labels, predictedCells.Labels))
        {
            double union = (double)trueAreas[t] + predictedAreas[p] - pixels;
            overlaps.Add(new(t, p, pixels, pixels / union));
        }

        overlaps.Sort((a, b) => (a.True, a.Predicted).CompareTo((b.True, b.Predicted)));
        return new(trueLabels, predictedLabels, overlaps);
    }

    private static Dictionary<(int True, int Predicted), int> CountShared(int[] truth, int[] predicted)
    {
        Dictionary<(int True, int Predicted), int> shared = [];
        for (int i = 0; i < truth.Length;)
        {
            // Neighbouring pixels mostly belong to the same pair: count runs, not pixels.
            int start = i;
            while (++i < truth.Length && truth[i] == truth[start] && predicted[i] == predicted[start])
            {
            }

            if (truth[start] > 0 && predicted[start] > 0)
            {
                (int, int) pair = (truth[start] - 1, predicted[start] - 1);
                shared[pair] = shared.GetValueOrDefault(pair) + i - start;
            }
        }

        return shared;
    }

    private static int[] Areas(LabelImage labels, int count) =>
        Array.ConvertAll(LabelRegions.Find(labels, count), region => region.Area);
}
