using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

internal static class CellGeometry
{
    /// <summary>
    /// The diameter of the disc whose area is the median cell's (docs/cellpose.md 5.5), px; 0 without cells.
    /// </summary>
    public static double MedianDiameter(LabelImage masks)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        if (count == 0)
        {
            return 0;
        }

        return Median(LabelRegions.Find(labels, count).Select(r => Math.Sqrt(r.Area))) * 2 / Math.Sqrt(Math.PI);
    }

    /// <summary>The median over images of each image's median diameter, px; images without cells don't count.</summary>
    /// <returns>The diameter; 0 without cells.</returns>
    public static double MedianDiameter(IEnumerable<LabelImage> images)
    {
        return Median(images.Select(MedianDiameter).Where(d => d > 0));
    }

    public static int Count(LabelImage masks)
    {
        return LabelRegions.Renumber(masks).Count;
    }

    /// <summary>
    /// Pixels of cells that share an edge with what lies around the cell; the rims of holes do not count
    /// (docs/cellpose.md 6).
    /// </summary>
    public static bool[] OutlinePixels(LabelImage masks)
    {
        (LabelImage labels, int count) = LabelRegions.Renumber(masks);
        LabelRegion[] regions = LabelRegions.Find(labels, count);
        bool[] outline = new bool[labels.Labels.Length];
        ExteriorMap map = new();
        for (int k = 0; k < count; k++)
        {
            LabelRegion region = regions[k];
            map.Examine(labels, k + 1, region);
            for (int y = 0; y < region.Height; y++)
            {
                for (int x = 0; x < region.Width; x++)
                {
                    if (map.IsOutline(y, x))
                    {
                        outline[((region.Top + y) * labels.Width) + region.Left + x] = true;
                    }
                }
            }
        }

        return outline;
    }

    /// <summary>The middle value, or the mean of the middle two; 0 of none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Every pixel within a distance of a marked pixel.</summary>
    internal static bool[] DilateByDisc(bool[] marked, int height, int width, double radius)
    {
        // Each row of the disc is a span: add +1 where it starts and -1 behind its end, then sum along rows.
        int reach = (int)Math.Min(Math.Floor(radius), height);
        int stride = width + 1;
        int[] changes = new int[height * stride];
        for (int dy = -reach; dy <= reach; dy++)
        {
            int half = (int)Math.Min(width, Math.Floor(Math.Sqrt((radius * radius) - ((double)dy * dy))));
            for (int y = Math.Max(0, -dy); y < Math.Min(height, height - dy); y++)
            {
                for (int x = 0; x < width; x++)
                {
                    if (marked[(y * width) + x])
                    {
                        changes[((y + dy) * stride) + Math.Max(0, x - half)]++;
                        changes[((y + dy) * stride) + Math.Min(width, x + half + 1)]--;
                    }
                }
            }
        }

        bool[] result = new bool[marked.Length];
        for (int y = 0; y < height; y++)
        {
            int open = 0;
            for (int x = 0; x < width; x++)
            {
                open += changes[(y * stride) + x];
                result[(y * width) + x] = open > 0;
            }
        }

        return result;
    }
}
