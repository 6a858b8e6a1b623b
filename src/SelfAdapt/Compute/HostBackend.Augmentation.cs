using System;
using System.Numerics;

namespace SelfAdapt.Compute;

public abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override void StrongAugment(
        DeviceVector source, TensorShape shape, ReadOnlySpan<StrongAugmentation> samples, DeviceVector target)
    {
        int plane = shape.H * shape.W;
        double[] values = new double[plane];
        double[] scratch = new double[plane];
        for (int p = 0; p < shape.N * shape.C; p++)
        {
            ReadOnlySpan<T> from = Values(source).Slice(p * plane, plane);
            Span<T> to = Values(target).Slice(p * plane, plane);
            StrongAugmentation sample = samples[p / shape.C];
            if (!sample.Apply || from.IndexOfAnyExcept(T.Zero) < 0)
            {
                from.CopyTo(to);
                continue;
            }

            for (int i = 0; i < plane; i++)
            {
                values[i] = double.CreateTruncating(from[i]);
            }

            if (sample.ContrastFirst)
            {
                ChangeContrast(values, sample.Contrast);
                ChangeBrightness(values, sample.Brightness);
            }
            else
            {
                ChangeBrightness(values, sample.Brightness);
                ChangeContrast(values, sample.Contrast);
            }

            if (sample.BlurSigma > 0)
            {
                Blur(values, scratch, shape.H, shape.W, sample.BlurSigma);
            }

            ulong firstCounter = (ulong)((p % shape.C) * (long)plane);
            for (int i = 0; i < plane; i++)
            {
                double noise = sample.NoiseSigma > 0
                    ? sample.NoiseSigma * CounterRandom.Normal(sample.NoiseSeed, firstCounter + (ulong)i)
                    : 0;
                to[i] = T.CreateTruncating(values[i] + noise);
            }
        }
    }

    private static void ChangeBrightness(Span<double> values, double factor)
    {
        foreach (ref double value in values)
        {
            value = Math.Max(0, factor * value);
        }
    }

    private static void ChangeContrast(Span<double> values, double factor)
    {
        double mean = 0;
        foreach (double value in values)
        {
            mean += value;
        }

        mean /= values.Length;
        foreach (ref double value in values)
        {
            value = Math.Max(0, (factor * value) + ((1 - factor) * mean));
        }
    }

    /// <summary>Along the rows into <paramref name="scratch"/>, then along the columns back.</summary>
    private static void Blur(Span<double> values, Span<double> scratch, int height, int width, double sigma)
    {
        double[] kernel = GaussianKernel(sigma);
        for (int y = 0; y < height; y++)
        {
            BlurLine(values.Slice(y * width, width), 1, scratch.Slice(y * width, width), width, kernel);
        }

        for (int x = 0; x < width; x++)
        {
            BlurLine(scratch[x..], width, values[x..], height, kernel);
        }
    }

    private static void BlurLine(
        ReadOnlySpan<double> source, int stride, Span<double> target, int length, ReadOnlySpan<double> kernel)
    {
        int radius = kernel.Length / 2;
        for (int i = 0; i < length; i++)
        {
            double sum = 0;
            for (int k = -radius; k <= radius; k++)
            {
                sum += kernel[k + radius] * source[Mirror.Index(i + k, length) * stride];
            }

            target[i * stride] = sum;
        }
    }

    private static double[] GaussianKernel(double sigma)
    {
        int radius = (int)Math.Ceiling(3 * sigma);
        double[] kernel = new double[(2 * radius) + 1];
        double sum = 0;
        for (int k = -radius; k <= radius; k++)
        {
            kernel[k + radius] = Math.Exp(-0.5 * k * k / (sigma * sigma));
            sum += kernel[k + radius];
        }

        foreach (ref double weight in kernel.AsSpan())
        {
            weight /= sum;
        }

        return kernel;
    }
}
