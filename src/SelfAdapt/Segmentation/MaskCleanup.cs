using System;
using System.Collections.Generic;
using SelfAdapt.Imaging;

namespace SelfAdapt.Segmentation;

/// <summary>
/// Holes, small masks, masks at the border, components: what follows once pixels have labels.
/// </summary>
internal static class MaskCleanup
{
    /// <summary>
    /// Removes small masks, fills holes, removes what became small by that, and renumbers
    /// (spec/cellpose.md 4.6; numbered without gaps first, so that no wrong mask is removed).
    /// </summary>
    /// <param name="masks">Any labels; not changed.</param>
    /// <param name="minSize">Least number of pixels; 0 or less keeps all.</param>
    /// <returns>Labels 1..n in raster order of first appearance.</returns>
    public static LabelImage FillHolesAndRemoveSmall(LabelImage masks, int minSize)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        RemoveSmall(labels, LabelRegions.Find(labels, count), minSize);
        FillHoles(labels, LabelRegions.Find(labels, count));
        RemoveSmall(labels, LabelRegions.Find(labels, count), minSize);
        return LabelRegions.Renumber(labels).Labels;
    }

    /// <summary>Removes masks that touch the image border (spec/cellpose.md 4.6).</summary>
    /// <param name="masks">Any labels; not changed.</param>
    /// <returns>Labels 1..n in raster order of first appearance.</returns>
    public static LabelImage ExcludeOnEdges(LabelImage masks)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(labels, count);
        LabelRegions.Keep(labels, Array.ConvertAll(regions, r =>
            r.Top > 0 && r.Left > 0 && r.Bottom < labels.Height - 1 && r.Right < labels.Width - 1));
        return LabelRegions.Renumber(labels).Labels;
    }

    /// <summary>Numbers the 4-connected pieces of a foreground in raster order.</summary>
    /// <param name="foreground">[height, width].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    public static LabelImage Components(bool[] foreground, int height, int width)
    {
        int[] labels = new int[height * width];
        Stack<int> open = [];
        int count = 0;
        for (int start = 0; start < labels.Length; start++)
        {
            if (!foreground[start] || labels[start] != 0)
            {
                continue;
            }

            labels[start] = ++count;
            open.Push(start);
            while (open.TryPop(out int at))
            {
                int x = at % width;
                Visit(at - width, at >= width);
                Visit(at + width, at < labels.Length - width);
                Visit(at - 1, x > 0);
                Visit(at + 1, x < width - 1);
            }
        }

        return new(height, width, labels);

        void Visit(int next, bool exists)
        {
            if (exists && foreground[next] && labels[next] == 0)
            {
                labels[next] = count;
                open.Push(next);
            }
        }
    }

    private static void RemoveSmall(LabelImage labels, LabelRegion[] regions, int minSize) =>
        LabelRegions.Keep(labels, Array.ConvertAll(regions, region => region.Area >= minSize));

    /// <summary>
    /// Fills each label's holes, labels ascending; a smaller mask inside a hole is swallowed. Later labels
    /// only ever lose pixels, so boxes found beforehand stay valid.
    /// </summary>
    private static void FillHoles(LabelImage labels, LabelRegion[] regions)
    {
        ExteriorMap map = new();
        for (int k = 0; k < regions.Length; k++)
        {
            LabelRegion region = regions[k];
            if (region.Area == 0 || region.Area == region.Height * region.Width)
            {
                continue;
            }

            map.Examine(labels, k + 1, region);
            FillOne(labels, k + 1, region, map);
        }
    }

    private static void FillOne(LabelImage labels, int label, in LabelRegion region, ExteriorMap map)
    {
        for (int y = 0; y < region.Height; y++)
        {
            Span<int> row = labels.Labels.AsSpan(
                ((region.Top + y) * labels.Width) + region.Left, region.Width);
            for (int x = 0; x < row.Length; x++)
            {
                if (!map.IsOutside(y, x))
                {
                    row[x] = label;
                }
            }
        }
    }
}
