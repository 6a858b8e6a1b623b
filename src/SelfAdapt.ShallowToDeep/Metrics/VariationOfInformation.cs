using SelfAdapt.Files;

namespace SelfAdapt.ShallowToDeep.Metrics;

/// <summary>
/// How far two partitions of an image are apart, in bits (Meila 2003): split + merge; pixels that are background in the
/// truth are left out.
/// </summary>
/// <param name="Split">H(found | truth): true objects that were cut.</param>
/// <param name="Merge">H(truth | found): true objects that were joined.</param>
internal readonly record struct VariationOfInformation(double Split, double Merge)
{
    public double Sum => Split + Merge;

    public static VariationOfInformation Of(LabelImage truth, LabelImage found)
    {
        Dictionary<(int, int), long> both = [];
        Dictionary<int, long> trueSizes = [];
        Dictionary<int, long> foundSizes = [];
        long all = 0;
        for (int i = 0; i < truth.Labels.Length; i++)
        {
            (int t, int f) = (truth.Labels[i], found.Labels[i]);
            if (t == 0)
            {
                continue;
            }

            all++;
            both[(t, f)] = both.GetValueOrDefault((t, f)) + 1;
            trueSizes[t] = trueSizes.GetValueOrDefault(t) + 1;
            foundSizes[f] = foundSizes.GetValueOrDefault(f) + 1;
        }

        double split = 0;
        double merge = 0;
        foreach (((int t, int f), long count) in both.OrderBy(p => p.Key))
        {
            double part = (double)count / all;
            split += part * Math.Log2((double)trueSizes[t] / count);
            merge += part * Math.Log2((double)foundSizes[f] / count);
        }

        return new(split, merge);
    }
}
