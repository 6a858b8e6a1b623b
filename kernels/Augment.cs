using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The student's strong augmentation, per sample and channel that is not all zero: brightness max(0, b x) and contrast
/// max(0, f x + (1 - f) mean), in the sample's order; Gaussian blur, rows then columns, weights exp(-k^2 / (2 s^2)) for
/// |k| up to ceil(3 s) over their sum, borders mirrored; noise s * normal(seed, (c H + y) W + x). Layout: NCHW vectors;
/// samples [N][6] = apply, contrast first, brightness, contrast, blur sigma, noise sigma; seeds [N][2]; partial [N *
/// C][chunks][2] = sum of what enters the contrast step, number of values that are not 0. Launch: PlaneSums: group a
/// power of two, grid (chunks, N * C); the rest one thread per value, groups of 256.
/// </summary>
public static class Augment
{
    private const int Apply = 0;
    private const int ContrastFirst = 1;
    private const int Brightness = 2;
    private const int Contrast = 3;
    private const int BlurSigma = 4;
    private const int NoiseSigma = 5;

    /// <summary>Numbers of a sample.</summary>
    public const int Entries = 6;

    /// <summary>Words of a sample's seed.</summary>
    public const int SeedWords = 2;

    /// <summary>What the contrast's mean and the test for zero need.</summary>
    public static void PlaneSums(
        ArrayView<float> source, ArrayView<float> samples, ArrayView<float> partial, int channels, int plane)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int sample = Grid.IdxY / channels * Entries;
        bool contrastFirst = samples[sample + ContrastFirst] != 0;
        float brightness = samples[sample + Brightness];
        int each = (plane + Grid.DimX - 1) / Grid.DimX;
        int end = (Grid.IdxX + 1) * each < plane ? (Grid.IdxX + 1) * each : plane;
        double sum = 0;
        double used = 0;
        for (int p = (Grid.IdxX * each) + Group.IdxX; p < end; p += Group.DimX)
        {
            float value = source[(Grid.IdxY * plane) + p];
            if (value != 0)
            {
                used += 1;
            }

            sum += contrastFirst ? value : Functions.Relu(brightness * value);
        }

        Reduction.PutSums(sum, used, scratch, partial, (Grid.IdxY * Grid.DimX) + Grid.IdxX);
    }

    /// <summary>Brightness and contrast.</summary>
    public static void Intensity(
        ArrayView<float> source, ArrayView<float> samples, ArrayView<float> partial, ArrayView<float> target,
        int channels, int plane, int chunks, int count)
    {
        int i = Place.Index();
        if (i >= count)
        {
            return;
        }

        float value = source[i];
        int sample = i / (plane * channels) * Entries;
        if (IsChanged(samples, partial, sample, i / plane, chunks))
        {
            double sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                sum += partial[((i / plane * chunks) + chunk) * 2];
            }

            float contrast = samples[sample + Contrast];
            float pull = (float)((1.0 - contrast) * (sum / plane));
            float brightness = samples[sample + Brightness];
            value = samples[sample + ContrastFirst] != 0
                ? Functions.Relu(brightness * Functions.Relu((contrast * value) + pull))
                : Functions.Relu((contrast * Functions.Relu(brightness * value)) + pull);
        }

        target[i] = value;
    }

    /// <summary>Blurs along the rows.</summary>
    public static void BlurRows(
        ArrayView<float> source, ArrayView<float> samples, ArrayView<float> partial, ArrayView<float> target,
        int channels, int width, int plane, int chunks, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int sample = i / (plane * channels) * Entries;
            int column = i % width;
            target[i] = IsChanged(samples, partial, sample, i / plane, chunks)
                ? Blurred(source, i - column, 1, column, width, samples[sample + BlurSigma])
                : source[i];
        }
    }

    /// <summary>Blurs along the columns and adds the noise.</summary>
    public static void BlurColumns(
        ArrayView<float> source, ArrayView<float> samples, ArrayView<uint> seeds, ArrayView<float> partial,
        ArrayView<float> target, int channels, int width, int plane, int chunks, int count)
    {
        int i = Place.Index();
        if (i >= count)
        {
            return;
        }

        int n = i / (plane * channels);
        int sample = n * Entries;
        float value = source[i];
        if (IsChanged(samples, partial, sample, i / plane, chunks))
        {
            int at = i % plane;
            int row = at / width;
            value = Blurred(source, i - (row * width), width, row, plane / width, samples[sample + BlurSigma]);
            float sigma = samples[sample + NoiseSigma];
            if (sigma > 0)
            {
                uint counter = (uint)(i - (n * plane * channels));
                value = (float)(value + (sigma * CounterNoise.Normal(seeds[2 * n], seeds[(2 * n) + 1], counter)));
            }
        }

        target[i] = value;
    }

    private static bool IsChanged(
        ArrayView<float> samples, ArrayView<float> partial, int sample, int plane, int chunks)
    {
        bool changed = false;
        if (samples[sample + Apply] != 0)
        {
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                changed |= partial[(((plane * chunks) + chunk) * 2) + 1] != 0;
            }
        }

        return changed;
    }

    /// <summary>The blurred value at a place in a line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Blurred(ArrayView<float> source, int first, int stride, int place, int length, float sigma)
    {
        float result = source[first + (place * stride)];
        if (sigma > 0)
        {
            double reach = 3.0 * sigma;
            int radius = (int)reach;
            radius = radius < reach ? radius + 1 : radius;
            double sum = result;
            double weights = 1;
            for (int k = 1; k <= radius; k++)
            {
                double weight = Functions.Exp(-0.5 * k * k / ((double)sigma * sigma));
                double pair = (double)source[first + (Mirrored(place - k, length) * stride)]
                    + source[first + (Mirrored(place + k, length) * stride)];
                sum += weight * pair;
                weights += 2 * weight;
            }

            result = (float)(sum / weights);
        }

        return result;
    }

    private static int Mirrored(int i, int length)
    {
        int result = 0;
        if (length > 1)
        {
            int period = 2 * (length - 1);
            int folded = ((i % period) + period) % period;
            result = folded < length ? folded : period - folded;
        }

        return result;
    }
}
