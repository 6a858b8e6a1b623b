using System.Buffers;
using System.Numerics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void UpdateThresholds(
        DeviceVector mean, DeviceVector deviation, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels,
        float classQuantile, float regressionQuantile, float keep, bool meanIsProbability,
        DeviceVector thresholds)
    {
        ChannelMeaning[] meanings = channels.ToArray();
        (T[] means, T[] deviations, T[] state) = (Data(mean), Data(deviation), Data(thresholds));
        int count = shape.N * shape.H * shape.W;
        int logit = channels.IndexOf(ChannelMeaning.Logit);
        ClassRun run = ClassRun.Of(channels);

        // Two tasks per channel: background and foreground of a logit, deviation and nothing of a regression.
        For(2 * shape.C, task =>
        {
            (int c, int which) = Math.DivRem(task, 2);
            bool isLogit = meanings[c].IsLogit;
            if (!isLogit && which == 1)
            {
                return;
            }

            double[] values = ArrayPool<double>.Shared.Rent(count);
            int collected = run.Contains(c) ? CollectClass(means, shape, run, c, values) : isLogit
                ? Collect(means, shape, c, which == 1, meanIsProbability, values)
                : Collect(
                    deviations, shape, c, null, meanIsProbability, values,
                    meanings[c].Loss == ChannelLoss.ObjectDistances ? means.AsSpan() : default, logit);
            double q = isLogit || run.Contains(c) ? classQuantile : regressionQuantile;
            MoveThreshold(state.AsSpan(4 * c, 4), which, Quantile(values.AsSpan(0, collected), q), keep);
            ArrayPool<double>.Shared.Return(values);
        });
    }

    /// <summary>
    /// The q-quantile with linear interpolation between the two order statistics around q (n - 1), NumPy's
    /// default; null for no values, NaN if one of them is NaN.
    /// </summary>
    /// <param name="values">The sample; its order is changed.</param>
    internal static double? Quantile(Span<double> values, double q)
    {
        if (values.IsEmpty)
        {
            return null;
        }

        foreach (double value in values)
        {
            if (double.IsNaN(value))
            {
                return double.NaN;
            }
        }

        double position = q * (values.Length - 1);
        int lower = (int)position;
        double a = Select(values, lower);
        if (lower + 1 >= values.Length)
        {
            return a;
        }

        double b = double.PositiveInfinity;
        foreach (double value in values[(lower + 1)..])
        {
            b = Math.Min(b, value);
        }

        return a == b ? a : a + ((b - a) * (position - lower));
    }

    private static void MoveThreshold(Span<T> channel, int which, double? quantile, float keep)
    {
        if (quantile is not double q)
        {
            return;
        }

        bool set = channel[2 + which] != T.Zero;
        double old = ToDouble(channel[which]);
        channel[which] = FromDouble(set ? (keep * old) + ((1.0 - keep) * q) : q);
        channel[2 + which] = T.One;
    }

    /// <summary>
    /// A channel's values; of a logit the confidence of the pixels that are, or are not, foreground; where logits are given, of
    /// the pixels that those say are foreground.
    /// </summary>
    private static int Collect(
        ReadOnlySpan<T> source, TensorShape shape, int c, bool? foreground, bool isProbability, double[] values,
        ReadOnlySpan<T> logits = default, int logit = 0)
    {
        int plane = shape.H * shape.W;
        int count = 0;
        for (int n = 0; n < shape.N; n++)
        {
            for (int i = 0; i < plane; i++)
            {
                T value = source[(((n * shape.C) + c) * plane) + i];
                if (!logits.IsEmpty
                    && !PseudoLabel(ToDouble(logits[(((n * shape.C) + logit) * plane) + i]), isProbability).Foreground)
                {
                    continue;
                }

                (bool hard, T confidence, _) =
                    foreground is null ? default : PseudoLabel(ToDouble(value), isProbability);
                if (foreground is null || hard == foreground)
                {
                    values[count++] = ToDouble(foreground is null ? value : confidence);
                }
            }
        }

        return count;
    }

    /// <summary>
    /// Hard class, its probability, and the foreground's probability of one pixel. The confidence is rounded
    /// to T, as thresholds are: else one rounded up to 1 would reject every pixel of a sure network.
    /// </summary>
    private static (bool Foreground, T Confidence, double Probability) PseudoLabel(
        double mean, bool isProbability)
    {
        double probability = isProbability ? mean : Sigmoid(mean);
        bool foreground = isProbability ? mean > 0.5 : mean > 0;
        double background = isProbability ? 1 - mean : Sigmoid(-mean);
        return (foreground, FromDouble(foreground ? probability : background), probability);
    }

    /// <summary>Puts the k-th smallest value at index k, smaller or equal ones before it (Hoare's selection).</summary>
    private static double Select(Span<double> values, int k)
    {
        int low = 0;
        int high = values.Length - 1;
        while (low < high)
        {
            double pivot = MedianOfThree(values[low], values[(low + high) / 2], values[high]);
            int i = low;
            int j = high;
            while (i <= j)
            {
                while (values[i] < pivot)
                {
                    i++;
                }

                while (values[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (k <= j)
            {
                high = j;
            }
            else if (k >= i)
            {
                low = i;
            }
            else
            {
                break;
            }
        }

        return values[k];
    }

    private static double MedianOfThree(double a, double b, double c) =>
        Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
