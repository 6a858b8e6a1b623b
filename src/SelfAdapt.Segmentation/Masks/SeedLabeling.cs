using System.Buffers;
using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Turns the points where pixels came to rest into cells (docs/cellpose.md 4.3, version 3.1).</summary>
internal static class SeedLabeling
{
    private const int PeakReach = 2;
    private const int LeastSeedCount = 11;
    private const int LeastGrowCount = 3;
    private const int GrowSteps = 5;
    private const int Window = (2 * GrowSteps) + 1;

    /// <param name="cellPixels">Indices of the cell pixels, ascending.</param>
    /// <param name="ends">For each of them the index of the pixel where it ended.</param>
    /// <param name="maxSizeFraction">Cells above this fraction of the image are dropped.</param>
    public static LabelImage Label(
        int[] cellPixels, int[] ends, int height, int width, double maxSizeFraction)
    {
        int pixels = height * width;
        int[] rented = ArrayPool<int>.Shared.Rent(2 * pixels);
        rented.AsSpan(0, 2 * pixels).Clear();
        Span<int> counts = rented.AsSpan(0, pixels);
        Span<int> seedAt = rented.AsSpan(pixels, pixels);
        int[] seeds = FindSeeds(counts, ends, height, width);
        for (int k = 0; k < seeds.Length; k++)
        {
            Grow(counts, seedAt, height, width, seeds[k], k + 1);
        }

        int[] numbers = new int[seeds.Length + 1];
        double largest = maxSizeFraction * height * width;
        int[] areas = new int[seeds.Length + 1];
        foreach (int end in ends)
        {
            areas[seedAt[end]]++;
        }

        int[] labels = new int[pixels];
        int count = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            int seed = seedAt[ends[i]];
            if (seed > 0 && areas[seed] <= largest)
            {
                if (numbers[seed] == 0)
                {
                    numbers[seed] = ++count;
                }

                labels[cellPixels[i]] = numbers[seed];
            }
        }

        ArrayPool<int>.Shared.Return(rented);
        return new LabelImage(height, width, labels);
    }

    /// <summary>
    /// Counts the points that ended at each pixel and finds the peaks, ascending by count, equal ones in raster order.
    /// </summary>
    private static int[] FindSeeds(Span<int> counts, int[] ends, int height, int width)
    {
        List<int> candidates = [];
        foreach (int end in ends)
        {
            if (++counts[end] == LeastSeedCount)
            {
                candidates.Add(end);
            }
        }

        List<(int Count, int Index)> seeds = [];
        foreach (int at in candidates)
        {
            if (IsPeak(counts, height, width, at))
            {
                seeds.Add((counts[at], at));
            }
        }

        seeds.Sort();
        return seeds.ConvertAll(seed => seed.Index).ToArray();
    }

    private static bool IsPeak(ReadOnlySpan<int> counts, int height, int width, int at)
    {
        (int y, int x) = Math.DivRem(at, width);
        (int left, int right) = (Math.Max(0, x - PeakReach), Math.Min(width - 1, x + PeakReach));
        for (int row = Math.Max(0, y - PeakReach); row <= Math.Min(height - 1, y + PeakReach); row++)
        {
            foreach (int count in counts.Slice((row * width) + left, right - left + 1))
            {
                if (count > counts[at])
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>
    /// Spreads from a seed five times by one pixel in all eight directions over pixels where enough points ended, and
    /// writes the label there; a later seed overwrites an earlier one. A row of the window is the bits of a number.
    /// </summary>
    private static void Grow(
        ReadOnlySpan<int> counts, Span<int> seedAt, int height, int width, int seed, int label)
    {
        (int y, int x) = Math.DivRem(seed, width);
        Span<uint> open = stackalloc uint[Window + 2];
        Span<uint> grown = stackalloc uint[Window + 2];
        Span<uint> wide = stackalloc uint[Window + 2];
        open.Clear();
        grown.Clear();
        wide.Clear();
        (int firstColumn, int lastColumn) = (Math.Max(0, x - GrowSteps), Math.Min(width - 1, x + GrowSteps));
        (int firstRow, int lastRow) = (Math.Max(0, y - GrowSteps), Math.Min(height - 1, y + GrowSteps));
        for (int row = firstRow; row <= lastRow; row++)
        {
            for (int column = firstColumn; column <= lastColumn; column++)
            {
                uint isOpen = counts[(row * width) + column] >= LeastGrowCount ? 1u : 0;
                open[row - y + GrowSteps + 1] |= isOpen << (column - x + GrowSteps);
            }
        }

        grown[GrowSteps + 1] = 1u << GrowSteps;
        for (int step = 0; step < GrowSteps; step++)
        {
            for (int i = 1; i <= Window; i++)
            {
                wide[i] = grown[i] | (grown[i] << 1) | (grown[i] >> 1);
            }

            for (int i = 1; i <= Window; i++)
            {
                grown[i] = (wide[i - 1] | wide[i] | wide[i + 1]) & open[i];
            }
        }

        for (int row = firstRow; row <= lastRow; row++)
        {
            for (int column = firstColumn; column <= lastColumn; column++)
            {
                if ((grown[row - y + GrowSteps + 1] >> (column - x + GrowSteps) & 1) != 0)
                {
                    seedAt[(row * width) + column] = label;
                }
            }
        }
    }
}
