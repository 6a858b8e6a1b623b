using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Holes, small masks, masks at the border, components: what follows once pixels have labels.</summary>
internal static class MaskCleanup
{
    /// <summary>
    /// Removes small masks, fills holes, removes what became small by that, and renumbers
    /// (docs/cellpose.md 4.6; numbered without gaps first, so that no wrong mask is removed).
    /// </summary>
    /// <param name="minSize">Least number of pixels; 0 or less keeps all.</param>
    public static LabelImage FillHolesAndRemoveSmall(LabelImage masks, int minSize, int threads = 0)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(labels, count);
        LabelRegions.Keep(labels, regions, k => regions[k].Area >= minSize);
        FillHoles(labels, regions, threads);
        LabelRegions.Keep(labels, regions, k => regions[k].Area >= minSize);
        LabelRegions.RenumberInPlace(labels);
        return labels;
    }

    /// <summary>Removes masks that touch the image border (docs/cellpose.md 4.6).</summary>
    public static LabelImage ExcludeOnEdges(LabelImage masks)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(labels, count);
        LabelRegions.Keep(labels, regions, k =>
            regions[k].Top > 0 && regions[k].Left > 0
            && regions[k].Bottom < labels.Height - 1 && regions[k].Right < labels.Width - 1);
        LabelRegions.RenumberInPlace(labels);
        return labels;
    }

    /// <summary>Numbers the 4-connected pieces of one value each in raster order; 0 is background.</summary>
    public static LabelImage Components(int[] values, int height, int width)
    {
        int[] labels = new int[height * width];
        Stack<int> open = [];
        int count = 0;
        for (int start = 0; start < labels.Length; start++)
        {
            if (values[start] == 0 || labels[start] != 0)
            {
                continue;
            }

            labels[start] = ++count;
            open.Push(start);
            while (open.TryPop(out int at))
            {
                int x = at % width;
                Visit(at, at - width, at >= width);
                Visit(at, at + width, at < labels.Length - width);
                Visit(at, at - 1, x > 0);
                Visit(at, at + 1, x < width - 1);
            }
        }

        return new(height, width, labels);

        void Visit(int at, int next, bool exists)
        {
            if (exists && values[next] == values[at] && labels[next] == 0)
            {
                labels[next] = count;
                open.Push(next);
            }
        }
    }

    /// <summary>
    /// Fills each label's holes, labels ascending; a smaller mask inside a hole is swallowed. Which labels have
    /// holes is found beforehand by many threads. A label only ever loses pixels before its turn: then it is
    /// looked at again, within the same box.
    /// </summary>
    private static void FillHoles(LabelImage labels, LabelRegion[] regions, int threads)
    {
        bool[] suspect = new bool[regions.Length];
        Parallel.For(0, regions.Length, Parallelism.Of(threads), () => new ExteriorMap(), (k, _, map) =>
        {
            LabelRegion region = regions[k];
            if (region.Area > 0 && region.Area < region.Height * region.Width)
            {
                map.Examine(labels, k + 1, region);
                suspect[k] = map.HasHoles;
            }

            return map;
        }, _ => { });

        ExteriorMap map = new();
        for (int k = 0; k < regions.Length; k++)
        {
            if (suspect[k])
            {
                map.Examine(labels, k + 1, regions[k]);
                FillOne(labels, regions, k, map, suspect);
            }
        }
    }

    private static void FillOne(
        LabelImage labels, LabelRegion[] regions, int filled, ExteriorMap map, bool[] suspect)
    {
        for (int y = 0; y < regions[filled].Height; y++)
        {
            Span<int> row = LabelRegions.Row(labels, regions[filled], y);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] != filled + 1 && !map.IsOutside(y, x))
                {
                    if (row[x] > 0)
                    {
                        regions[row[x] - 1].Area--;
                        suspect[row[x] - 1] = true;
                    }

                    regions[filled].Area++;
                    row[x] = filled + 1;
                }
            }
        }
    }
}
