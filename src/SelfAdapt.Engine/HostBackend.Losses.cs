using System.Numerics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void MaskedLoss(
        DeviceVector student, DeviceVector mean, DeviceVector deviation, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, in MaskedLossOptions options, DeviceVector thresholds,
        DeviceVector gradient, DeviceVector sums)
    {
        ChannelMeaning[] meanings = channels.ToArray();
        MaskedLossOptions switches = options;
        (T[] outputs, T[] labels, T[] spreads) = (Data(student), Data(mean), Data(deviation));
        (T[] limits, T[] gradients) = (Data(thresholds), Data(gradient));
        int plane = shape.H * shape.W;
        int logits = channels.Count(ChannelMeaning.Logit);
        double perLogit = 1.0 / ((double)Math.Max(1, logits) * shape.N * plane);
        double perRegression = 1.0 / ((double)Math.Max(1, shape.C - logits) * shape.N * plane);
        double[] losses = new double[shape.N * shape.C];
        int[] kept = new int[shape.N * shape.C];
        For(losses.Length, p =>
        {
            int c = p % shape.C;
            ReadOnlySpan<T> y = outputs.AsSpan(p * plane, plane);
            ReadOnlySpan<T> label = labels.AsSpan(p * plane, plane);
            ReadOnlySpan<T> spread = spreads.AsSpan(p * plane, plane);
            ReadOnlySpan<T> limit = limits.AsSpan(4 * c, 4);
            Span<T> dy = gradients.AsSpan(p * plane, plane);
            losses[p] = meanings[c].IsLogit
                ? MaskedCrossEntropy(y, label, limit, switches, perLogit, dy, ref kept[p])
                : MaskedSquares(
                    y, label, spread, limit, switches.UseRegressionMask, switches.LambdaBal * perRegression,
                    dy, ref kept[p]);
        });

        double crossEntropy = 0;
        double squares = 0;
        Span<T> report = Values(sums);
        for (int c = 0; c < shape.C; c++)
        {
            long keptInChannel = 0;
            for (int p = c; p < losses.Length; p += shape.C)
            {
                keptInChannel += kept[p];
                if (channels[c].IsLogit)
                {
                    crossEntropy += losses[p] * perLogit;
                }
                else
                {
                    squares += losses[p] * perRegression;
                }
            }

            report[3 + c] = FromDouble(keptInChannel / ((double)shape.N * plane));
        }

        report[0] = FromDouble(crossEntropy);
        report[1] = FromDouble(squares);
        report[2] = FromDouble(crossEntropy + (options.LambdaBal * squares));
    }

    public void SupervisedLoss(
        DeviceVector output, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels, DeviceVector cell,
        DeviceVector flow, float flowScale, DeviceVector gradient, DeviceVector sums)
    {
        (T[] outputs, T[] cells, T[] flows, T[] gradients) =
            (Data(output), Data(cell), Data(flow), Data(gradient));
        int plane = shape.H * shape.W;
        int logit = channels.IndexOf(ChannelMeaning.Logit);
        int field = channels.IndexOf(ChannelMeaning.VectorRow);
        double perLogit = 1.0 / ((double)shape.N * plane);
        double perComponent = 1.0 / (2.0 * shape.N * plane);
        double[] crossEntropies = new double[shape.N];
        double[] squares = new double[shape.N];
        Array.Clear(gradients);
        For(shape.N, n =>
        {
            if (logit >= 0)
            {
                int at = ((n * shape.C) + logit) * plane;
                crossEntropies[n] = perLogit * CrossEntropy(
                    outputs.AsSpan(at, plane), cells.AsSpan(n * plane, plane), perLogit,
                    gradients.AsSpan(at, plane));
            }

            if (field >= 0)
            {
                int at = ((n * shape.C) + field) * plane;
                squares[n] = perComponent * HalfSquares(
                    outputs.AsSpan(at, 2 * plane), flows.AsSpan(2 * n * plane, 2 * plane), flowScale,
                    perComponent, gradients.AsSpan(at, 2 * plane));
            }
        });

        double crossEntropy = SumInOrder(crossEntropies);
        double flowTerm = SumInOrder(squares);
        Span<T> report = Values(sums);
        report[0] = FromDouble(flowTerm);
        report[1] = FromDouble(crossEntropy);
        report[2] = FromDouble(flowTerm + crossEntropy);
    }

    private static double MaskedCrossEntropy(
        ReadOnlySpan<T> y, ReadOnlySpan<T> label, ReadOnlySpan<T> limits, in MaskedLossOptions options,
        double weight, Span<T> dy, ref int kept)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            (bool hard, T confidence, double probability) =
                PseudoLabel(ToDouble(label[i]), options.MeanIsProbability);
            dy[i] = T.Zero;
            if (options.UseClassMask && !(confidence >= limits[hard ? 1 : 0]))
            {
                continue;
            }

            double target = options.SoftLabels ? probability : hard ? 1 : 0;
            double z = ToDouble(y[i]);
            sum += CrossEntropy(z, target);
            dy[i] = FromDouble((Sigmoid(z) - target) * weight);
            kept++;
        }

        return sum;
    }

    private static double MaskedSquares(
        ReadOnlySpan<T> y, ReadOnlySpan<T> label, ReadOnlySpan<T> spread, ReadOnlySpan<T> limits,
        bool useMask, double weight, Span<T> dy, ref int kept)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            dy[i] = T.Zero;
            if (useMask && !(spread[i] <= limits[0]))
            {
                continue;
            }

            double d = ToDouble(y[i]) - ToDouble(label[i]);
            sum += d * d;
            dy[i] = FromDouble(2 * d * weight);
            kept++;
        }

        return sum;
    }

    private static double CrossEntropy(ReadOnlySpan<T> y, ReadOnlySpan<T> label, double weight, Span<T> dy)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double z = ToDouble(y[i]);
            double target = ToDouble(label[i]);
            sum += CrossEntropy(z, target);
            dy[i] = FromDouble((Sigmoid(z) - target) * weight);
        }

        return sum;
    }

    private static double HalfSquares(
        ReadOnlySpan<T> y, ReadOnlySpan<T> flow, double scale, double weight, Span<T> dy)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double d = ToDouble(y[i]) - (scale * ToDouble(flow[i]));
            sum += 0.5 * d * d;
            dy[i] = FromDouble(d * weight);
        }

        return sum;
    }

    /// <summary>Binary cross-entropy of logit z against a target from 0 to 1, without overflow.</summary>
    private static double CrossEntropy(double z, double target) =>
        Math.Max(z, 0) - (z * target) + double.LogP1(Math.Exp(-Math.Abs(z)));
}
