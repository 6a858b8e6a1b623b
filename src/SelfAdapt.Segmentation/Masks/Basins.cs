using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>Watersheds on a map of heights, peaks up: basins of its own peaks, or of given seeds.</summary>
internal static class Basins
{
    /// <summary>
    /// Floods from the peaks down: pixels in order of falling height join a neighbour's basin or found one. Basins that meet
    /// at a pass less than a depth below the lower of their two peaks are one.
    /// </summary>
    /// <param name="inside">What is flooded; the rest is 0.</param>
    public static int[] Flood(ReadOnlySpan<float> heights, ReadOnlySpan<bool> inside, int width, float depth)
    {
        int[] order = Falling(heights, inside);
        int[] basin = new int[heights.Length];
        List<int> parent = [0];
        List<float> peak = [0];
        Span<int> around = stackalloc int[8];
        foreach (int at in order)
        {
            int found = 0;
            int count = Neighbours(at, width, heights.Length, around);
            foreach (int neighbour in around[..count])
            {
                if (basin[neighbour] == 0)
                {
                    continue;
                }

                int other = Root(parent, basin[neighbour]);
                if (found == 0)
                {
                    found = other;
                }
                else if (other != found)
                {
                    // This pixel is the pass between the two; the higher peak goes on.
                    (int high, int low) = peak[found] >= peak[other] ? (found, other) : (other, found);
                    if (peak[low] - heights[at] < depth)
                    {
                        parent[low] = high;
                    }

                    found = high;
                }
            }

            if (found == 0)
            {
                found = parent.Count;
                parent.Add(found);
                peak.Add(heights[at]);
            }

            basin[at] = found;
        }

        return Array.ConvertAll(basin, b => Root(parent, b));
    }

    /// <summary>Grows seeds downhill until they meet or nothing inside is left; what no seed reaches stays 0.</summary>
    /// <param name="seeds">Labels; 0 elsewhere.</param>
    public static LabelImage Grow(LabelImage seeds, ReadOnlySpan<float> heights, ReadOnlySpan<bool> inside)
    {
        int[] labels = [.. seeds.Labels];

        // The highest first; of equals the one that was reached first.
        PriorityQueue<int, (float, long)> open = new();
        long reached = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] != 0)
            {
                open.Enqueue(i, (-heights[i], reached++));
            }
        }

        Span<int> around = stackalloc int[8];
        while (open.TryDequeue(out int at, out _))
        {
            int count = Neighbours(at, seeds.Width, labels.Length, around);
            foreach (int next in around[..count])
            {
                if (labels[next] == 0 && inside[next])
                {
                    labels[next] = labels[at];
                    open.Enqueue(next, (-heights[next], reached++));
                }
            }
        }

        return new(seeds.Height, seeds.Width, labels);
    }

    /// <summary>The first highest pixel of each basin, labelled as it; 0 elsewhere.</summary>
    public static int[] Tops(int[] basins, ReadOnlySpan<float> heights)
    {
        Dictionary<int, int> tops = [];
        for (int i = 0; i < basins.Length; i++)
        {
            if (basins[i] != 0 && (!tops.TryGetValue(basins[i], out int top) || heights[i] > heights[top]))
            {
                tops[basins[i]] = i;
            }
        }

        int[] labels = new int[basins.Length];
        foreach ((int basin, int at) in tops)
        {
            labels[at] = basin;
        }

        return labels;
    }

    /// <summary>Pixels by falling height, equal ones in raster order, so that the result is one and the same everywhere.</summary>
    private static int[] Falling(ReadOnlySpan<float> heights, ReadOnlySpan<bool> inside)
    {
        List<int> pixels = [];
        List<float> negated = [];
        for (int i = 0; i < heights.Length; i++)
        {
            if (inside[i])
            {
                pixels.Add(i);
                negated.Add(-heights[i]);
            }
        }

        (int[] order, float[] keys) = ([.. pixels], [.. negated]);
        Array.Sort(keys, order);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            Array.Sort(order, start, end - start);
            start = end;
        }

        return order;
    }

    private static int Root(List<int> parent, int basin)
    {
        while (parent[basin] != basin)
        {
            basin = parent[basin];
        }

        return basin;
    }

    private static int Neighbours(int at, int width, int length, Span<int> around)
    {
        int count = 0;
        int x = at % width;
        for (int dy = -1; dy <= 1; dy++)
        {
            for (int dx = -1; dx <= 1; dx++)
            {
                int to = at + (dy * width) + dx;
                if ((dy != 0 || dx != 0) && (uint)(x + dx) < (uint)width && (uint)to < (uint)length)
                {
                    around[count++] = to;
                }
            }
        }

        return count;
    }
}
