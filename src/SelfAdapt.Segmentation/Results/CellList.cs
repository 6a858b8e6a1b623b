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
        LabelImage numbered = new(masks.Height, masks.Width, [.. masks.Labels]);
        int[] original = LabelRegions.RenumberInPlace(numbered);
        return original.Zip(LabelRegions.Find(numbered, original.Length)).OrderBy(cell => cell.First);
    }
}
