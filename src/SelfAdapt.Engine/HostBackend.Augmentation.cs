using System.Buffers;
using System.Numerics;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void StrongAugment(
        DeviceVector source, TensorShape shape, ReadOnlySpan<StrongAugmentation> samples, DeviceVector target)
    {
        (T[] from, T[] to) = (Data(source), Data(target));
        StrongAugmentation[] perSample = samples.ToArray();
        int plane = shape.H * shape.W;
        For(shape.N * shape.C, p =>
        {
            ReadOnlySpan<T> fromPlane = from.AsSpan(p * plane, plane);
            Span<T> toPlane = to.AsSpan(p * plane, plane);
            StrongAugmentation sample = perSample[p / shape.C];
            if (sample.Apply && fromPlane.IndexOfAnyExcept(T.Zero) >= 0)
            {
                ulong firstCounter = (ulong)((p % shape.C) * (long)plane);
                Augment(fromPlane, shape.H, shape.W, sample, firstCounter, toPlane);
            }
            else
            {
                fromPlane.CopyTo(toPlane);
            }
        });
    }

    private static void Augment(
        ReadOnlySpan<T> from, int height, int width, in StrongAugmentation sample, ulong firstCounter,
        Span<T> to)
    {
        double[] rented = ArrayPool<double>.Shared.Rent(2 * from.Length);
        Span<double> values = rented.AsSpan(0, from.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ToDouble(from[i]);
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
            Blur(values, rented.AsSpan(from.Length, from.Length), height, width, sample.BlurSigma);
        }

        for (int i = 0; i < values.Length; i++)
        {
            double noise = sample.NoiseSigma > 0
                ? sample.NoiseSigma * CounterRandom.Normal(sample.NoiseSeed, firstCounter + (ulong)i)
                : 0;
            to[i] = FromDouble(values[i] + noise);
        }

        ArrayPool<double>.Shared.Return(rented);
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
