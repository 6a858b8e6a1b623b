using System;
using System.Collections.Generic;
using SelfAdapt.Imaging;

namespace SelfAdapt.Segmentation;

/// <summary>
/// Turns the points where pixels came to rest into cells (spec/cellpose.md 4.3, version 3.1).
/// </summary>
internal static class SeedLabeling
{
    private const int Frame = 20;
    private const int PeakReach = 2;
    private const int LeastSeedCount = 11;
    private const int LeastGrowCount = 3;
    private const int GrowSteps = 5;
    private const int Window = (2 * GrowSteps) + 1;

    /// <summary>Labels cell pixels by where they ended.</summary>
    /// <param name="cellPixels">Indices of the cell pixels.</param>
    /// <param name="ends">For each of them the index of the pixel where it ended.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="maxSizeFraction">Cells above this fraction of the image are dropped.</param>
    /// <returns>Labels 1..n in raster order of first appearance.</returns>
    public static LabelImage Label(
        int[] cellPixels, int[] ends, int height, int width, double maxSizeFraction)
    {
        int stride = width + (2 * Frame);
        int[] counts = new int[checked(stride * (height + (2 * Frame)))];
        foreach (int end in ends)
        {
            counts[Framed(end, width, stride)]++;
        }

        int[] seeds = FindSeeds(counts, stride);
        int[] canvas = new int[counts.Length];
        for (int k = 0; k < seeds.Length; k++)
        {
            Grow(counts, canvas, stride, seeds[k], k + 1);
        }

        int[] labels = new int[height * width];
        int[] areas = new int[seeds.Length + 1];
        for (int i = 0; i < ends.Length; i++)
        {
            int label = canvas[Framed(ends[i], width, stride)];
            labels[cellPixels[i]] = label;
            areas[label]++;
        }

        double largest = maxSizeFraction * height * width;
        LabelImage result = new(height, width, labels);
        LabelRegions.Keep(result, Array.ConvertAll(areas[1..], area => area <= largest));
        return LabelRegions.Renumber(result).Labels;
    }

    private static int Framed(int index, int width, int stride) =>
        (((index / width) + Frame) * stride) + (index % width) + Frame;

    /// <summary>Peaks of the counts, ascending by count, equal ones in raster order.</summary>
    private static int[] FindSeeds(int[] counts, int stride)
    {
        List<(int Count, int Index)> seeds = [];
        for (int at = 0; at < counts.Length; at++)
        {
            if (counts[at] >= LeastSeedCount && IsPeak(counts, stride, at))
            {
                seeds.Add((counts[at], at));
            }
        }

        seeds.Sort();
        return seeds.ConvertAll(seed => seed.Index).ToArray();
    }

    private static bool IsPeak(int[] counts, int stride, int at)
    {
        for (int dy = -PeakReach; dy <= PeakReach; dy++)
        {
            for (int dx = -PeakReach; dx <= PeakReach; dx++)
            {
                if (counts[at + (dy * stride) + dx] > counts[at])
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Spreads from a seed five times by one pixel in all eight directions over pixels where enough points
    /// ended, and writes the label there; a later seed overwrites an earlier one.
    /// </summary>
    private static void Grow(int[] counts, int[] canvas, int stride, int seed, int label)
    {
        int corner = seed - (GrowSteps * stride) - GrowSteps;
        Span<bool> grown = stackalloc bool[Window * Window];
        Span<bool> before = stackalloc bool[Window * Window];
        grown[grown.Length / 2] = true;
        for (int step = 0; step < GrowSteps; step++)
        {
            grown.CopyTo(before);
            for (int y = 0; y < Window; y++)
            {
                for (int x = 0; x < Window; x++)
                {
                    grown[(y * Window) + x] = counts[corner + (y * stride) + x] >= LeastGrowCount
                        && HasNeighbour(before, y, x);
                }
            }
        }

        for (int i = 0; i < grown.Length; i++)
        {
            if (grown[i])
            {
                canvas[corner + (i / Window * stride) + (i % Window)] = label;
            }
        }
    }

    private static bool HasNeighbour(ReadOnlySpan<bool> set, int y, int x)
    {
        for (int ny = Math.Max(0, y - 1); ny <= Math.Min(Window - 1, y + 1); ny++)
        {
            for (int nx = Math.Max(0, x - 1); nx <= Math.Min(Window - 1, x + 1); nx++)
            {
                if (set[(ny * Window) + nx])
                {
                    return true;
                }
            }
        }

        return false;
    }
}
