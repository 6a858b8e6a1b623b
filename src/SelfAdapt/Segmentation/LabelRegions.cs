using System;
using System.Collections.Generic;
using SelfAdapt.Imaging;

namespace SelfAdapt.Segmentation;

/// <summary>Where one label lies: its bounding box and pixel count.</summary>
internal struct LabelRegion
{
    /// <summary>Number of pixels; 0 when the label does not occur, and then the box means nothing.</summary>
    public int Area;

    /// <summary>First row.</summary>
    public int Top;

    /// <summary>First column.</summary>
    public int Left;

    /// <summary>Last row.</summary>
    public int Bottom;

    /// <summary>Last column.</summary>
    public int Right;

    /// <summary>Rows of the bounding box.</summary>
    public readonly int Height => Bottom - Top + 1;

    /// <summary>Columns of the bounding box.</summary>
    public readonly int Width => Right - Left + 1;
}

/// <summary>Bounding boxes of all labels, and renumbering.</summary>
internal static class LabelRegions
{
    /// <summary>Finds every label's box and area in one pass.</summary>
    /// <param name="labels">Labels 0..count.</param>
    /// <param name="count">The largest label.</param>
    /// <returns>Entry k - 1 describes label k.</returns>
    public static LabelRegion[] Find(LabelImage labels, int count)
    {
        LabelRegion[] regions = new LabelRegion[count];
        for (int y = 0; y < labels.Height; y++)
        {
            ReadOnlySpan<int> row = labels.Labels.AsSpan(y * labels.Width, labels.Width);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] == 0)
                {
                    continue;
                }

                ref LabelRegion region = ref regions[row[x] - 1];
                if (region.Area == 0)
                {
                    (region.Top, region.Left, region.Right) = (y, x, x);
                }

                region.Area++;
                region.Bottom = y;
                region.Left = Math.Min(region.Left, x);
                region.Right = Math.Max(region.Right, x);
            }
        }

        return regions;
    }

    /// <summary>Numbers the labels 1, 2, ... in the order in which a raster scan meets them.</summary>
    /// <param name="labels">Any labels; values below 1 count as background. Not changed.</param>
    /// <returns>The renumbered copy and the number of labels.</returns>
    public static (LabelImage Labels, int Count) Renumber(LabelImage labels)
    {
        int[] result = new int[labels.Labels.Length];
        Dictionary<int, int> numbers = [];
        (int last, int lastNumber) = (0, 0);
        for (int i = 0; i < result.Length; i++)
        {
            int label = labels.Labels[i];
            if (label <= 0)
            {
                continue;
            }

            if (label != last)
            {
                if (!numbers.TryGetValue(label, out lastNumber))
                {
                    lastNumber = numbers.Count + 1;
                    numbers.Add(label, lastNumber);
                }

                last = label;
            }

            result[i] = lastNumber;
        }

        return (new LabelImage(labels.Height, labels.Width, result), numbers.Count);
    }

    /// <summary>Sets every pixel whose label is not wanted to background, in place.</summary>
    /// <param name="labels">Labels 0..n.</param>
    /// <param name="keep">Entry k - 1 decides over label k.</param>
    public static void Keep(LabelImage labels, bool[] keep)
    {
        foreach (ref int label in labels.Labels.AsSpan())
        {
            if (label > 0 && !keep[label - 1])
            {
                label = 0;
            }
        }
    }
}
