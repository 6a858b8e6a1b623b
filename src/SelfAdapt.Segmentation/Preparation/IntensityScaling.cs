using System;

namespace SelfAdapt.Segmentation.Preparation;

/// <summary>Per-channel intensity normalisation (docs/cellpose.md 3.2, version 3.1).</summary>
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
    public static void Percentile(Span<float> plane, int height, int width, bool invert)
    {
        if (!plane.ContainsAnyExcept(plane[0]))
        {
            return;
        }

        float[]? sample = Subsample(plane, height, width);
        Percentile(sample is null ? plane : sample, invert).Apply(plane);
    }

    /// <summary>The percentile scale of a channel that is not constant.</summary>
    public static ChannelScale Percentile(ReadOnlySpan<float> sample, bool invert)
    {
        double low = OrderStatistics.Percentile(sample, LowerPercent);
        double high = OrderStatistics.Percentile(sample, UpperPercent);
        return high - low > LeastRange
            ? ChannelScale.Affine((float)low, (float)(high - low), invert)
            : ChannelScale.Flat(invert);
    }

    /// <summary>Subtracts the mean and divides by the population standard deviation (plus 1e-6).</summary>
    /// <param name="plane">The channel, changed in place; a constant one becomes 0.</param>
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

        ZeroMeanUnitVariance(mean, squares, plane.Length, invert).Apply(plane);
    }

    /// <summary>The scale of a channel with known moments.</summary>
    public static ChannelScale ZeroMeanUnitVariance(double mean, double squares, long count, bool invert) =>
        ChannelScale.Affine((float)mean, (float)(Math.Sqrt(squares / count) + VarianceGuard), invert);

    /// <summary>Distances of the rows and columns that percentiles are taken from: 1, 1 unless there are many.</summary>
    public static (int Y, int X) SampleSteps(int height, int width) => (long)height * width <= SubsampleAbove
        ? (1, 1)
        : (Math.Max(1, height / SubsampleSide), Math.Max(1, width / SubsampleSide));

    private static float[]? Subsample(ReadOnlySpan<float> plane, int height, int width)
    {
        if (plane.Length <= SubsampleAbove)
        {
            return null;
        }

        (int stepY, int stepX) = SampleSteps(height, width);
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
