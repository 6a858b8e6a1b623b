using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Where one label lies: its bounding box and pixel count.</summary>
internal struct LabelRegion
{
    /// <summary>Number of pixels; 0 when the label does not occur, and then the box means nothing.</summary>
    public int Area;

    public int Top;

    public int Left;

    public int Bottom;

    public int Right;

    public readonly int Height => Bottom - Top + 1;

    public readonly int Width => Right - Left + 1;
}

/// <summary>Bounding boxes of all labels, and renumbering.</summary>
internal static class LabelRegions
{
    /// <summary>Finds every label's box and area in one pass.</summary>
    /// <param name="labels">Labels 0..count.</param>
    /// <returns>Entry k - 1 describes label k.</returns>
    public static LabelRegion[] Find(LabelImage labels, int count)
    {
        LabelRegion[] regions = new LabelRegion[count];
        for (int y = 0; y < labels.Height; y++)
        {
            ReadOnlySpan<int> row = labels.Labels.AsSpan(y * labels.Width, labels.Width);
            int length;
            for (int x = 0; x < row.Length; x += length)
            {
                length = RunLength(row[x..]);
                if (row[x] == 0)
                {
                    continue;
                }

                ref LabelRegion region = ref regions[row[x] - 1];
                if (region.Area == 0)
                {
                    (region.Top, region.Left) = (y, x);
                }

                region.Area += length;
                region.Bottom = y;
                region.Left = Math.Min(region.Left, x);
                region.Right = Math.Max(region.Right, x + length - 1);
            }
        }

        return regions;
    }

    /// <summary>Numbers the labels 1, 2, ... in the order in which a raster scan meets them.</summary>
    /// <param name="labels">Any labels; values below 1 count as background. Not changed.</param>
    public static (LabelImage Labels, int Count) Renumber(LabelImage labels)
    {
        LabelImage result = new(labels.Height, labels.Width, labels.Labels.AsSpan().ToArray());
        return (result, RenumberInPlace(result).Length);
    }

    /// <summary>The same without a copy.</summary>
    /// <param name="labels">Any labels; values below 1 become background.</param>
    /// <returns>Entry k - 1: the label that is k now.</returns>
    public static int[] RenumberInPlace(LabelImage labels)
    {
        Dictionary<int, int> numbers = [];
        List<int> originals = [];
        Span<int> rest = labels.Labels;
        while (!rest.IsEmpty)
        {
            int label = rest[0];
            int length = RunLength(rest);
            int number = 0;
            if (label > 0 && !numbers.TryGetValue(label, out number))
            {
                originals.Add(label);
                number = originals.Count;
                numbers.Add(label, number);
            }

            if (number != label)
            {
                rest[..length].Fill(number);
            }

            rest = rest[length..];
        }

        return [.. originals];
    }

    /// <summary>Sets every pixel whose label is not wanted to background.</summary>
    /// <param name="labels">Labels 0..n; changed.</param>
    /// <param name="regions">Boxes that hold them; those of unwanted labels become empty.</param>
    /// <param name="keep">Decides over label k + 1, given k.</param>
    public static void Keep(LabelImage labels, LabelRegion[] regions, Func<int, bool> keep)
    {
        for (int k = 0; k < regions.Length; k++)
        {
            if (regions[k].Area > 0 && !keep(k))
            {
                for (int y = 0; y < regions[k].Height; y++)
                {
                    Row(labels, regions[k], y).Replace(k + 1, 0);
                }

                regions[k].Area = 0;
            }
        }
    }

    /// <summary>The pixels of one row of a box.</summary>
    public static Span<int> Row(LabelImage labels, in LabelRegion region, int y) =>
        labels.Labels.AsSpan(((region.Top + y) * labels.Width) + region.Left, region.Width);

    private static int RunLength(ReadOnlySpan<int> values)
    {
        int length = values.IndexOfAnyExcept(values[0]);
        return length < 0 ? values.Length : length;
    }
}
