using System.Buffers;
using System.Numerics;
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
            GaussianBlur.Apply(values, rented.AsSpan(from.Length, from.Length), height, width, sample.BlurSigma);
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
}
