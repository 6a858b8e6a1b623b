using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Adaptation.Signals;

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

        return Of([.. first.Select((masks, i) => InstanceMatching.Match(masks, second[i], iou))]);
    }

    /// <param name="matchings">Of each image's cells in the first and in the second segmentation.</param>
    public static CellChange Of(IReadOnlyCollection<InstanceMatching> matchings) => new(
        matchings.Sum(m => m.TruePositives), matchings.Sum(m => m.FalseNegatives), matchings.Sum(m => m.FalsePositives));

    private static double Ratio(int part, int whole) => whole == 0 ? 0 : part / (double)whole;
}
