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
        double pixels = (double)SamplesOfAll(shape.N) * plane;
        int logits = channels.Count(ChannelMeaning.Logit);
        int logit = channels.IndexOf(ChannelMeaning.Logit);
        ClassRun run = ClassRun.Of(channels);
        int entropies = logits + Math.Min(1, run.Count);
        double perLogit = 1.0 / (Math.Max(1, entropies) * pixels);
        double perRegression = 1.0 / (Math.Max(1, shape.C - logits - run.Count) * pixels);
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
            losses[p] = run.Contains(c)
                ? MaskedClass(
                    outputs.AsSpan((p - c + run.First) * plane, run.Count * plane),
                    labels.AsSpan((p - c + run.First) * plane, run.Count * plane),
                    limits.AsSpan(4 * run.First, 4 * run.Count), c - run.First, switches, perLogit, dy, ref kept[p])
                : meanings[c].IsLogit
                ? MaskedCrossEntropy(y, label, limit, switches, perLogit, dy, ref kept[p])
                : meanings[c].Loss == ChannelLoss.ObjectDistances
                ? MaskedDistances(
                    y, label, labels.AsSpan((p - c + logit) * plane, plane), spread, limit, switches,
                    switches.LambdaBal * perRegression, dy, ref kept[p])
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
                if (channels[c].IsLogit || run.Contains(c))
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
        SupervisedField field = SupervisedField.Of(channels);
        double perLogit = 1.0 / ((double)shape.N * plane);
        double perComponent = field.Weight(shape);
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

            if (field.Channel >= 0)
            {
                int at = ((n * shape.C) + field.Channel) * plane;
                int length = field.Components * plane;
                ReadOnlySpan<T> y = outputs.AsSpan(at, length);
                ReadOnlySpan<T> target = flows.AsSpan(n * length, length);
                Span<T> dy = gradients.AsSpan(at, length);
                squares[n] = perComponent * (field.IsDistances
                    ? Distances(y, target, flowScale, cells.AsSpan(n * plane, plane), perComponent, dy)
                    : HalfSquares(y, target, flowScale, perComponent, dy));
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

    /// <summary>Absolute errors where the teacher sees an object, weighted by how sure it is of that.</summary>
    private static double MaskedDistances(
        ReadOnlySpan<T> y, ReadOnlySpan<T> label, ReadOnlySpan<T> logit, ReadOnlySpan<T> spread, ReadOnlySpan<T> limits,
        in MaskedLossOptions options, double weight, Span<T> dy, ref int kept)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            (bool inside, _, double probability) = PseudoLabel(ToDouble(logit[i]), options.MeanIsProbability);
            dy[i] = T.Zero;
            if (!inside || (options.UseRegressionMask && !(spread[i] <= limits[0])))
            {
                continue;
            }

            double d = ToDouble(y[i]) - ToDouble(label[i]);
            sum += probability * Math.Abs(d);
            dy[i] = FromDouble(probability * SignOf(d) * weight);
            kept++;
        }

        return sum;
    }

    /// <summary>StarDist's error of distances, all planes of one image.</summary>
    private static double Distances(
        ReadOnlySpan<T> y, ReadOnlySpan<T> target, double scale, ReadOnlySpan<T> cell, double weight, Span<T> dy)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double inside = ToDouble(cell[i % cell.Length]);
            double outside = SupervisedField.Background * (1 - inside);
            double value = ToDouble(y[i]);
            double d = value - (scale * ToDouble(target[i]));
            sum += (inside * Math.Abs(d)) + (outside * Math.Abs(value));
            dy[i] = FromDouble(((inside * SignOf(d)) + (outside * SignOf(value))) * weight);
        }

        return sum;
    }

    private static int SignOf(double x) => x > 0 ? 1 : x < 0 ? -1 : 0;

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
