using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Simulation;

/// <summary>Makes labels that overlapping shapes left behind into one connected object each.</summary>
internal static class LabelCleanup
{
    /// <summary>Keeps each label's largest 4-connected part, drops small ones, and numbers the rest 1 to n.</summary>
    public static LabelImage KeepLargestParts(int[] labels, int height, int width, int smallest)
    {
        LabelImage parts = MaskCleanup.Components(labels, height, width);
        LabelRegion[] regions = LabelRegions.Find(parts, parts.Labels.Max());
        int[] labelOf = new int[regions.Length];
        foreach ((int part, int label) in parts.Labels.Zip(labels).Where(pixel => pixel.First > 0))
        {
            labelOf[part - 1] = label;
        }

        HashSet<int> largest = [.. Enumerable.Range(0, regions.Length)
            .GroupBy(k => labelOf[k]).Select(own => own.MaxBy(k => regions[k].Area))];
        LabelRegions.Keep(parts, regions, k => largest.Contains(k) && regions[k].Area >= smallest);
        LabelRegions.RenumberInPlace(parts);
        return parts;
    }
}
