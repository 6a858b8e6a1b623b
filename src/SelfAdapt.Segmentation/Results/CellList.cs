using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Segmentation.Results;

/// <summary>The cells of a label image, whatever their numbers.</summary>
internal static class CellList
{
    /// <summary>Every cell with its box and area, by rising label.</summary>
    public static IEnumerable<(int Label, LabelRegion Region)> Of(LabelImage masks)
    {
        // Regions are found by consecutive numbers, so that one huge label costs nothing.
        (LabelImage numbered, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(numbered, count);
        int[] original = new int[count];
        for (int i = 0; i < numbered.Labels.Length; i++)
        {
            if (numbered.Labels[i] > 0)
            {
                original[numbered.Labels[i] - 1] = masks.Labels[i];
            }
        }

        return original.Zip(regions).OrderBy(pair => pair.First).Select(pair => (pair.First, pair.Second));
    }
}
