using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// Joins the cells of neighbouring planes into cells of the stack, as Cellpose's stitching does: a cell takes the number of
/// the one before it that it overlaps most, if that one overlaps no other more. Unlike there a plane without cells does
/// not let numbers begin anew.
/// </summary>
internal static class PlaneStitching
{
    /// <summary>Joins.</summary>
    /// <param name="planes">Masks of the planes in order, all of one size; not changed.</param>
    /// <param name="threshold">Least overlap (intersection over union) of cells that are joined, above 0.</param>
    /// <param name="minSize">Cells with fewer pixels in the whole stack are removed; 0 or less keeps all.</param>
    /// <returns>The planes, cells numbered 1..n through the stack in order of appearance.</returns>
    public static LabelImage[] Stitch(IReadOnlyList<LabelImage> planes, double threshold, int minSize)
    {
        LabelImage[] stitched = new LabelImage[planes.Count];
        int cells = 0;
        for (int z = 0; z < planes.Count; z++)
        {
            Dictionary<int, int> numbers = z == 0 ? [] : Joined(stitched[z - 1], planes[z], threshold);
            foreach (int label in planes[z].Labels.Where(l => l > 0).Distinct().Order())
            {
                if (!numbers.ContainsKey(label))
                {
                    numbers[label] = ++cells;
                }
            }

            stitched[z] = Renamed(planes[z], numbers);
        }

        Dictionary<int, int> sizes = stitched.SelectMany(p => p.Labels).Where(l => l > 0).CountBy(l => l).ToDictionary();
        Dictionary<int, int> kept = [];
        foreach (int label in sizes.Keys.Where(label => sizes[label] >= minSize))
        {
            kept[label] = kept.Count + 1;
        }

        return Array.ConvertAll(stitched, plane => Renamed(plane, kept));
    }

    /// <summary>The numbers that a plane's cells take over from the plane before.</summary>
    private static Dictionary<int, int> Joined(LabelImage before, LabelImage plane, double threshold)
    {
        OverlapTable table = OverlapTable.Compare(before, plane);
        return table.Overlaps
            .Where(o => o.Iou >= threshold)
            .GroupBy(o => o.True)
            .SelectMany(g => g.Where(o => o.Iou == g.Max(other => other.Iou)))
            .GroupBy(o => table.PredictedLabels[o.Predicted])
            .ToDictionary(
                g => g.Key,
                g => g.OrderByDescending(o => o.Iou).Select(o => table.TrueLabels[o.True]).First());
    }

    private static LabelImage Renamed(LabelImage plane, Dictionary<int, int> numbers) => new(
        plane.Height, plane.Width, Array.ConvertAll(plane.Labels, label => numbers.GetValueOrDefault(label)));
}
