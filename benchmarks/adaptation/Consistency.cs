using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Study;

/// <summary>
/// How alike two segmentations of one image are, on the pixels that are a cell in either and, for the Rand error, at no
/// cell's border (arXiv 2503.00450); 1: the same, 0: nothing in common, or no cell in either, which is no opinion.
/// </summary>
internal static class Consistency
{
    /// <summary>1 less the adapted Rand error.</summary>
    public static double Rand(LabelImage a, LabelImage b)
    {
        Dictionary<(int A, int B), double> shared = [];
        for (int i = 0; i < a.Labels.Length; i++)
        {
            (int A, int B) pair = (a.Labels[i], b.Labels[i]);
            if (pair != (0, 0) && !IsBorder(a, i) && !IsBorder(b, i))
            {
                shared[pair] = shared.GetValueOrDefault(pair) + 1;
            }
        }

        double Squares(IEnumerable<double> sizes) => sizes.Sum(s => s * s);
        double first = Squares(shared.GroupBy(s => s.Key.A).Select(g => g.Sum(s => s.Value)));
        double second = Squares(shared.GroupBy(s => s.Key.B).Select(g => g.Sum(s => s.Value)));
        return shared.Count == 0 ? 0 : 2 * Squares(shared.Values) / (first + second);
    }

    /// <summary>1 less the Hamming distance of the foregrounds.</summary>
    public static double Hamming(LabelImage a, LabelImage b) => ModelRanking.Common(a, b);

    /// <summary>AP at IoU 0.5, over the cells of one image.</summary>
    public static double Precision(LabelImage a, LabelImage b)
    {
        InstanceMatching match = InstanceMatching.Match(a, b, 0.5);
        int all = match.TruePositives + match.FalsePositives + match.FalseNegatives;
        return all == 0 ? 0 : match.TruePositives / (double)all;
    }

    /// <summary>Whether a pixel's right or lower neighbour, left or upper one has another label.</summary>
    private static bool IsBorder(LabelImage image, int i)
    {
        int x = i % image.Width;
        int label = image.Labels[i];
        return (x > 0 && image.Labels[i - 1] != label) || (x < image.Width - 1 && image.Labels[i + 1] != label)
            || (i >= image.Width && image.Labels[i - image.Width] != label)
            || (i + image.Width < image.Labels.Length && image.Labels[i + image.Width] != label);
    }
}
