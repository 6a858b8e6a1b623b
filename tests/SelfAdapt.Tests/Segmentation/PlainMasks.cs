using SelfAdapt.Files;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>
/// The way from flows to masks as docs/cellpose.md 4 words it, point by point and label by label over the
/// whole image: the oracle of the fast one.
/// </summary>
internal static class PlainMasks
{
    public static int[] Compute(Image outputs, SegmentationOptions options)
    {
        (int height, int width) = (outputs.Height, outputs.Width);
        int[] pixels = [.. Enumerable.Range(0, height * width).Where(i =>
            outputs.Plane(2)[i] > options.CellprobThreshold)];
        int[] ends = Follow(outputs, pixels, options.FlowSteps);
        int[] labels = Label(pixels, ends, height, width, options.MaxSizeFraction);
        if (options.FlowThreshold > 0)
        {
            foreach (int label in labels.Where(l => l > 0).Distinct().ToArray())
            {
                if (Error(outputs, labels, label) > options.FlowThreshold)
                {
                    Replace(labels, label, 0);
                }
            }
        }

        return Cleanup(labels, height, width, options.MinSize);
    }

    /// <summary>All steps of every point, in scale 5.</summary>
    public static int[] Follow(Image outputs, int[] pixels, int steps)
    {
        (int height, int width) = (outputs.Height, outputs.Width);
        float[][] flow = [new float[height * width], new float[height * width]];
        foreach (int pixel in pixels)
        {
            flow[0][pixel] = outputs.Plane(0)[pixel] / 5;
            flow[1][pixel] = outputs.Plane(1)[pixel] / 5;
        }

        return Array.ConvertAll(pixels, start =>
        {
            (float y, float x) = (start / width, start % width);
            for (int step = 0; step < steps; step++)
            {
                (float dy, float dx) = (Interpolate(flow[0], y, x), Interpolate(flow[1], y, x));
                y = Math.Clamp(y + dy, 0, height - 1);
                x = Math.Clamp(x + dx, 0, width - 1);
            }

            return ((int)y * width) + (int)x;
        });

        float Interpolate(float[] plane, float y, float x)
        {
            (int y0, int x0) = ((int)y, (int)x);
            (int y1, int x1) = (Math.Min(y0 + 1, height - 1), Math.Min(x0 + 1, width - 1));
            (double down, double right) = (y - y0, x - x0);
            return (float)((plane[(y0 * width) + x0] * ((1 - down) * (1 - right)))
                + (plane[(y0 * width) + x1] * ((1 - down) * right))
                + (plane[(y1 * width) + x0] * (down * (1 - right)))
                + (plane[(y1 * width) + x1] * (down * right)));
        }
    }

    public static int[] Cleanup(int[] masks, int height, int width, int minSize)
    {
        int[] labels = Number(masks);
        RemoveSmall();
        for (int label = 1; label <= labels.Max(); label++)
        {
            if (labels.Contains(label))
            {
                bool[] outside = Outside(labels, label, height, width);
                for (int i = 0; i < labels.Length; i++)
                {
                    labels[i] = outside[i] ? labels[i] : label;
                }
            }
        }

        RemoveSmall();
        return Number(labels);

        void RemoveSmall()
        {
            foreach (IGrouping<int, int> group in labels.Where(l => l > 0).GroupBy(l => l).ToArray())
            {
                if (group.Count() < minSize)
                {
                    Replace(labels, group.Key, 0);
                }
            }
        }
    }

    private static int[] Label(int[] pixels, int[] ends, int height, int width, double maxSizeFraction)
    {
        Dictionary<int, int> counts = ends.GroupBy(e => e).ToDictionary(g => g.Key, g => g.Count());
        int[] seeds = [.. counts.Keys
            .Where(i => counts[i] > 10 && Around(i, 2, height, width).All(n => CountAt(n) <= counts[i]))
            .OrderBy(i => counts[i]).ThenBy(i => i)];
        Dictionary<int, int> seedAt = [];
        for (int k = 0; k < seeds.Length; k++)
        {
            HashSet<int> grown = [seeds[k]];
            for (int step = 0; step < 5; step++)
            {
                grown = [.. grown.SelectMany(i => Around(i, 1, height, width)).Where(n => CountAt(n) > 2)];
            }

            foreach (int i in grown)
            {
                seedAt[i] = k + 1;
            }
        }

        int[] labels = new int[height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            labels[pixels[i]] = seedAt.GetValueOrDefault(ends[i]);
        }

        foreach (IGrouping<int, int> group in labels.Where(l => l > 0).GroupBy(l => l).ToArray())
        {
            if (group.Count() > maxSizeFraction * height * width)
            {
                Replace(labels, group.Key, 0);
            }
        }

        return Number(labels);

        int CountAt(int index) => counts.GetValueOrDefault(index);
    }

    private static double Error(Image outputs, int[] labels, int label)
    {
        (int height, int width) = (outputs.Height, outputs.Width);
        int[] own = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] == label)];
        (double meanY, double meanX) = (own.Average(i => i / width), own.Average(i => i % width));
        int centre = own.MinBy(i => Math.Pow((i / width) - meanY, 2) + Math.Pow((i % width) - meanX, 2));
        int boxHeight = own.Max(i => i / width) - own.Min(i => i / width) + 1;
        int boxWidth = own.Max(i => i % width) - own.Min(i => i % width) + 1;
        double[] heat = new double[labels.Length];
        for (int step = 0; step < 2 * (boxHeight + 2 + boxWidth + 2); step++)
        {
            heat[centre]++;
            double[] next = new double[labels.Length];
            foreach (int i in own)
            {
                next[i] = Around(i, 1, height, width).Sum(n => heat[n]) / 9;
            }

            heat = next;
        }

        (double sumY, double sumX) = (0, 0);
        foreach (int i in own)
        {
            (int y, int x) = (i / width, i % width);
            double dy = (y + 1 < height ? heat[i + width] : 0) - (y > 0 ? heat[i - width] : 0);
            double dx = (x + 1 < width ? heat[i + 1] : 0) - (x > 0 ? heat[i - 1] : 0);
            double length = 1e-60 + Math.Sqrt((dy * dy) + (dx * dx));
            sumY += Math.Pow((dy / length) - (outputs.Plane(0)[i] / 5), 2);
            sumX += Math.Pow((dx / length) - (outputs.Plane(1)[i] / 5), 2);
        }

        return (sumY + sumX) / own.Length;
    }

    /// <summary>Pixels without the label that a path of such pixels, edge to edge, joins to the border.</summary>
    private static bool[] Outside(int[] labels, int label, int height, int width)
    {
        bool[] outside = new bool[labels.Length];
        Stack<int> open = new(Enumerable.Range(0, labels.Length).Where(i =>
            i / width == 0 || i % width == 0 || i / width == height - 1 || i % width == width - 1));
        while (open.TryPop(out int at))
        {
            if (labels[at] != label && !outside[at])
            {
                outside[at] = true;
                foreach (int n in Around(at, 1, height, width)
                    .Where(n => n / width == at / width || n % width == at % width))
                {
                    open.Push(n);
                }
            }
        }

        return outside;
    }

    private static IEnumerable<int> Around(int index, int reach, int height, int width)
    {
        (int y, int x) = (index / width, index % width);
        return
            from ny in Enumerable.Range(y - reach, (2 * reach) + 1)
            from nx in Enumerable.Range(x - reach, (2 * reach) + 1)
            where ny >= 0 && ny < height && nx >= 0 && nx < width
            select (ny * width) + nx;
    }

    private static int[] Number(int[] labels)
    {
        int[] order = [0, .. labels.Where(l => l > 0).Distinct()];
        return Array.ConvertAll(labels, l => Array.IndexOf(order, l));
    }

    private static void Replace(int[] labels, int old, int value) => labels.AsSpan().Replace(old, value);
}
