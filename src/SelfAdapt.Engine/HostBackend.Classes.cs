using System.Numerics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

// Classes of one softmax: what the teacher says of them, and their loss.
internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void Softmax(DeviceVector outputs, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels)
    {
        ClassRun run = ClassRun.Of(channels);
        T[] values = Data(outputs);
        int plane = shape.H * shape.W;
        For(run.Count == 0 ? 0 : shape.N, n =>
        {
            Span<T> logits = values.AsSpan(((n * shape.C) + run.First) * plane, run.Count * plane);
            for (int i = 0; i < plane; i++)
            {
                double all = LogSum(logits, i, plane);
                for (int k = i; k < logits.Length; k += plane)
                {
                    logits[k] = FromDouble(Math.Exp(ToDouble(logits[k]) - all));
                }
            }
        });
    }

    /// <summary>One class's part of the cross-entropy, and its gradient: all classes of a pixel are kept, or none.</summary>
    /// <param name="logits">The student's, a plane for each class.</param>
    /// <param name="labels">The teacher's probabilities, likewise.</param>
    /// <param name="limits">Thresholds of all classes, four numbers each.</param>
    /// <param name="own">The class.</param>
    private static double MaskedClass(
        ReadOnlySpan<T> logits, ReadOnlySpan<T> labels, ReadOnlySpan<T> limits, int own, in MaskedLossOptions options,
        double weight, Span<T> dy, ref int kept)
    {
        double sum = 0;
        int plane = dy.Length;
        for (int i = 0; i < plane; i++)
        {
            int best = Likeliest(labels, i, plane);
            dy[i] = T.Zero;
            if (options.UseClassMask && !(labels[i + (best * plane)] >= limits[4 * best]))
            {
                continue;
            }

            double target = options.SoftLabels ? ToDouble(labels[i + (own * plane)]) : best == own ? 1 : 0;
            double logProbability = ToDouble(logits[i + (own * plane)]) - LogSum(logits, i, plane);
            sum -= target * logProbability;
            dy[i] = FromDouble((Math.Exp(logProbability) - target) * weight);
            kept++;
        }

        return sum;
    }

    /// <summary>A class's probabilities where it is the likeliest.</summary>
    private static int CollectClass(ReadOnlySpan<T> source, TensorShape shape, ClassRun run, int c, double[] values)
    {
        int plane = shape.H * shape.W;
        int count = 0;
        for (int n = 0; n < shape.N; n++)
        {
            ReadOnlySpan<T> labels = source.Slice(((n * shape.C) + run.First) * plane, run.Count * plane);
            for (int i = 0; i < plane; i++)
            {
                if (Likeliest(labels, i, plane) == c - run.First)
                {
                    values[count++] = ToDouble(labels[i + ((c - run.First) * plane)]);
                }
            }
        }

        return count;
    }

    /// <summary>The first class of the highest value.</summary>
    private static int Likeliest(ReadOnlySpan<T> values, int at, int plane)
    {
        int best = 0;
        for (int k = 1; k * plane < values.Length; k++)
        {
            best = values[at + (k * plane)] > values[at + (best * plane)] ? k : best;
        }

        return best;
    }

    /// <summary>ln of the sum of e^z over a pixel's classes.</summary>
    private static double LogSum(ReadOnlySpan<T> logits, int at, int plane)
    {
        double most = ToDouble(logits[at + (Likeliest(logits, at, plane) * plane)]);
        double sum = 0;
        for (int k = at; k < logits.Length; k += plane)
        {
            sum += Math.Exp(ToDouble(logits[k]) - most);
        }

        return most + Math.Log(sum);
    }
}
