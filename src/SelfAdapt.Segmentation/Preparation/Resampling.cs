using SelfAdapt.Files;

namespace SelfAdapt.Segmentation.Preparation;

/// <summary>Resizing of planes with exactly OpenCV's coordinate rules (docs/cellpose.md 3.3).</summary>
internal static class Resampling
{
    /// <summary>OpenCV's INTER_LINEAR on float32: half-pixel centres, clamped edges, no anti-aliasing.</summary>
    /// <param name="target">Receives [newHeight, newWidth].</param>
    public static void Linear(
        ReadOnlyMemory<float> source, int height, int width, Memory<float> target,
        int newHeight, int newWidth, int threads = 0)
    {
        LinearRows(source, 0, height, width, target, 0, newHeight, newHeight, newWidth, threads);
    }

    /// <summary>The same for some of the rows.</summary>
    /// <param name="target">Receives [count, newWidth].</param>
    public static void LinearRows(
        ReadOnlyMemory<float> source, int sourceFirst, int height, int width, Memory<float> target,
        int targetFirst, int count, int newHeight, int newWidth, int threads = 0)
    {
        if (height == newHeight && width == newWidth)
        {
            source.Slice((targetFirst - sourceFirst) * width, count * width).CopyTo(target);
            return;
        }

        (int[] firstX, float[] weightX) = LinearTaps(width, newWidth);
        (int[] firstY, float[] weightY) = LinearTaps(height, newHeight);
        Parallel.For(0, count, Parallelism.Of(threads), y =>
        {
            int tap = firstY[targetFirst + y];
            int next = Math.Min(tap + 1, height - 1);
            ReadOnlySpan<float> upper = source.Span.Slice((tap - sourceFirst) * width, width);
            ReadOnlySpan<float> lower = source.Span.Slice((next - sourceFirst) * width, width);
            Span<float> row = target.Span.Slice(y * newWidth, newWidth);
            float below = weightY[targetFirst + y];
            float above = 1f - below;
            for (int x = 0; x < row.Length; x++)
            {
                int left = firstX[x];
                int right = Math.Min(left + 1, width - 1);
                float toRight = weightX[x];
                float toLeft = 1f - toRight;
                float top = (upper[left] * toLeft) + (upper[right] * toRight);
                float bottom = (lower[left] * toLeft) + (lower[right] * toRight);
                row[x] = (top * above) + (bottom * below);
            }
        });
    }

    /// <summary>For every target row the first and last source row that <see cref="Linear"/> looks at.</summary>
    public static (int First, int Last)[] RowTaps(int height, int newHeight)
    {
        if (height == newHeight)
        {
            return [.. Enumerable.Range(0, height).Select(y => (y, y))];
        }

        return Array.ConvertAll(LinearTaps(height, newHeight).First, y => (y, Math.Min(y + 1, height - 1)));
    }

    /// <summary>OpenCV's INTER_NEAREST for labels.</summary>
    /// <returns>A label image of [newHeight, newWidth].</returns>
    public static LabelImage Nearest(LabelImage labels, int newHeight, int newWidth)
    {
        int[] fromX = NearestTaps(labels.Width, newWidth);
        int[] fromY = NearestTaps(labels.Height, newHeight);
        int[] result = new int[checked(newHeight * newWidth)];
        for (int y = 0; y < newHeight; y++)
        {
            int start = fromY[y] * labels.Width;
            for (int x = 0; x < newWidth; x++)
            {
                result[(y * newWidth) + x] = labels.Labels[start + fromX[x]];
            }
        }

        return new(newHeight, newWidth, result);
    }

    private static (int[] First, float[] Weight) LinearTaps(int source, int target)
    {
        double scale = 1.0 / ((double)target / source);
        int[] first = new int[target];
        float[] weight = new float[target];
        for (int d = 0; d < target; d++)
        {
            float position = (float)(((d + 0.5) * scale) - 0.5);
            int tap = (int)MathF.Floor(position);
            float fraction = position - tap;
            if (tap < 0)
            {
                (tap, fraction) = (0, 0f);
            }
            else if (tap >= source - 1)
            {
                (tap, fraction) = (source - 1, 0f);
            }

            (first[d], weight[d]) = (tap, fraction);
        }

        return (first, weight);
    }

    private static int[] NearestTaps(int source, int target)
    {
        double scale = 1.0 / ((double)target / source);
        int[] taps = new int[target];
        for (int d = 0; d < target; d++)
        {
            taps[d] = Math.Min((int)Math.Floor(d * scale), source - 1);
        }

        return taps;
    }
}
