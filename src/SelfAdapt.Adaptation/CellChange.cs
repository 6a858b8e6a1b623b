using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Adaptation;

/// <summary>How the cells of some images differ between two segmentations, counted over all images together.</summary>
internal readonly record struct CellChange(int Common, int Lost, int Gained)
{
    /// <summary>FN / (TP + FN) (paper eq. 3): the fraction of the first one's cells that are lost; 0 where it has none.</summary>
    public double LostFraction => Ratio(Lost, Common + Lost);

    /// <summary>TP / (TP + FP + FN); 0 where neither holds a cell, as no cell is no opinion.</summary>
    public double Agreement => Ratio(Common, Common + Lost + Gained);

    /// <param name="second">The others, same images in the same order.</param>
    /// <param name="iou">Least IoU of a pair that is one cell.</param>
    public static CellChange Between(IReadOnlyList<LabelImage> first, IReadOnlyList<LabelImage> second, double iou)
    {
        if (first.Count != second.Count)
        {
            throw new ArgumentException($"{second.Count} segmentations do not go with {first.Count}.");
        }

        CellChange sum = default;
        for (int i = 0; i < first.Count; i++)
        {
            InstanceMatching matching = InstanceMatching.Match(first[i], second[i], iou);
            sum = new(
                sum.Common + matching.TruePositives, sum.Lost + matching.FalseNegatives,
                sum.Gained + matching.FalsePositives);
        }

        return sum;
    }

    /// <summary>
    /// The fraction of the first one's cells that are in both, drawn towards 1 where there are few to judge by.
    /// </summary>
    /// <param name="prior">How many cells, all found again, are counted on top.</param>
    public double Remaining(int prior) => 1 - Ratio(Lost, Common + Lost + prior);

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : part / (double)whole;
}
