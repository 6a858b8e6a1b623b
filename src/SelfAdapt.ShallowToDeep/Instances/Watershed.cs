namespace SelfAdapt.ShallowToDeep.Instances;

/// <summary>
/// Instances of a foreground map: pixels above a threshold, parted by a watershed on their distance to the outside.
/// Basins that meet at a pass less than a depth below the lower of their two peaks are one object.
/// </summary>
internal static class Watershed
{
    /// <param name="probability">[height, width].</param>
    public static Files.LabelImage Cut(float[] probability, int height, int width, InstanceOptions options)
    {
        Settings.Check(options);
        bool[] inside = Array.ConvertAll(probability, p => p > options.Threshold);
        Files.LabelImage labels;
        if (options.Depth > 0)
        {
            labels = new(height, width, Flood(DistanceTransform.Compute(inside, height, width), width, (float)options.Depth));
        }
        else
        {
            labels = Segmentation.Masks.MaskCleanup.Components(Array.ConvertAll(inside, i => i ? 1 : 0), height, width);
        }

        return Segmentation.Masks.MaskCleanup.FillHolesAndRemoveSmall(labels, options.MinSize);
    }

    /// <summary>Floods from the peaks down: pixels in order of falling distance join a neighbour's basin or found one.</summary>
    private static int[] Flood(float[] distance, int width, float depth)
    {
        int[] order = [.. Enumerable.Range(0, distance.Length).Where(i => distance[i] > 0)];
        float[] keys = [.. order.Select(i => -distance[i])];

        // Equal distances in raster order, so that the result is one and the same everywhere.
        Array.Sort(keys, order);
        SortTies(keys, order);
        int[] basin = new int[distance.Length];
        List<int> parent = [0];
        List<float> peak = [0];
        Span<int> around = stackalloc int[8];
        foreach (int at in order)
        {
            int found = 0;
            int count = Neighbours(at, width, distance.Length, around);
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
                    if (peak[low] - distance[at] < depth)
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
                peak.Add(distance[at]);
            }

            basin[at] = found;
        }

        return Array.ConvertAll(basin, b => Root(parent, b));
    }

    private static void SortTies(float[] keys, int[] order)
    {
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
