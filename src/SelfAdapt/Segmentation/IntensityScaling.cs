using System;

namespace SelfAdapt.Segmentation;

/// <summary>Per-channel intensity normalisation (spec/cellpose.md 3.2, version 3.1).</summary>
internal static class IntensityScaling
{
    private const double LowerPercent = 1;
    private const double UpperPercent = 99;
    private const double LeastRange = 1e-3;
    private const int SubsampleSide = 224;
    private const long SubsampleAbove = (long)SubsampleSide * SubsampleSide * SubsampleSide;
    private const double VarianceGuard = 1e-6;

    /// <summary>
    /// Maps the 1st percentile to 0 and the 99th to 1, without clipping. A channel without contrast is left
    /// as it is (all values equal) or set to 0 (percentiles closer than 1e-3).
    /// </summary>
    /// <param name="plane">[height, width], changed in place.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="invert">Replaces x by 1 - x afterwards.</param>
    public static void Percentile(Span<float> plane, int height, int width, bool invert)
    {
        if (IsConstant(plane))
        {
            return;
        }

        float[]? sample = Subsample(plane, height, width);
        ReadOnlySpan<float> values = sample is null ? plane : sample;
        double low = OrderStatistics.Percentile(values, LowerPercent);
        double high = OrderStatistics.Percentile(values, UpperPercent);
        if (high - low > LeastRange)
        {
            Affine(plane, (float)low, (float)(high - low), invert);
        }
        else
        {
            plane.Fill(invert ? 1f : 0f);
        }
    }

    /// <summary>Subtracts the mean and divides by the population standard deviation (plus 1e-6).</summary>
    /// <param name="plane">The channel, changed in place; a constant one becomes 0.</param>
    /// <param name="invert">Replaces x by 1 - x afterwards.</param>
    public static void ZeroMeanUnitVariance(Span<float> plane, bool invert)
    {
        double sum = 0;
        foreach (float value in plane)
        {
            sum += value;
        }

        double mean = sum / plane.Length;
        double squares = 0;
        foreach (float value in plane)
        {
            squares += (value - mean) * (value - mean);
        }

        Affine(plane, (float)mean, (float)(Math.Sqrt(squares / plane.Length) + VarianceGuard), invert);
    }

    private static bool IsConstant(ReadOnlySpan<float> plane) => !plane.ContainsAnyExcept(plane[0]);

    private static void Affine(Span<float> plane, float offset, float divisor, bool invert)
    {
        for (int i = 0; i < plane.Length; i++)
        {
            float value = (plane[i] - offset) / divisor;
            plane[i] = invert ? 1f - value : value;
        }
    }

    private static float[]? Subsample(ReadOnlySpan<float> plane, int height, int width)
    {
        if (plane.Length <= SubsampleAbove)
        {
            return null;
        }

        int stepY = Math.Max(1, height / SubsampleSide);
        int stepX = Math.Max(1, width / SubsampleSide);
        int rows = (height + stepY - 1) / stepY;
        int columns = (width + stepX - 1) / stepX;
        float[] sample = new float[rows * columns];
        for (int y = 0; y < rows; y++)
        {
            ReadOnlySpan<float> row = plane.Slice(y * stepY * width, width);
            for (int x = 0; x < columns; x++)
            {
                sample[(y * columns) + x] = row[x * stepX];
            }
        }

        return sample;
    }
}
