using System;
using System.Numerics;

namespace SelfAdapt.Compute;

public abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override void MaskedLoss(
        DeviceVector student, DeviceVector mean, DeviceVector deviation, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, in MaskedLossOptions options, DeviceVector thresholds,
        DeviceVector gradient, DeviceVector sums)
    {
        int plane = shape.H * shape.W;
        int logits = channels.Count(ChannelMeaning.Logit);
        double perLogit = 1.0 / ((double)Math.Max(1, logits) * shape.N * plane);
        double perRegression = 1.0 / ((double)Math.Max(1, shape.C - logits) * shape.N * plane);
        double crossEntropy = 0;
        double squares = 0;
        Span<T> report = Values(sums);
        for (int c = 0; c < shape.C; c++)
        {
            ReadOnlySpan<T> limits = Values(thresholds).Slice(4 * c, 4);
            long kept = 0;
            for (int n = 0; n < shape.N; n++)
            {
                int at = ((n * shape.C) + c) * plane;
                ReadOnlySpan<T> y = Values(student).Slice(at, plane);
                ReadOnlySpan<T> label = Values(mean).Slice(at, plane);
                Span<T> dy = Values(gradient).Slice(at, plane);
                if (channels[c] == ChannelMeaning.Logit)
                {
                    crossEntropy += MaskedCrossEntropy(y, label, limits, options, perLogit, dy, ref kept);
                }
                else
                {
                    ReadOnlySpan<T> spread = Values(deviation).Slice(at, plane);
                    squares += MaskedSquares(
                        y, label, spread, limits, options.UseRegressionMask,
                        options.LambdaBal * perRegression, dy, ref kept);
                }
            }

            report[3 + c] = T.CreateTruncating(kept / ((double)shape.N * plane));
        }

        crossEntropy *= perLogit;
        squares *= perRegression;
        report[0] = T.CreateTruncating(crossEntropy);
        report[1] = T.CreateTruncating(squares);
        report[2] = T.CreateTruncating(crossEntropy + (options.LambdaBal * squares));
    }

    /// <inheritdoc/>
    public override void SupervisedLoss(
        DeviceVector output, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels, DeviceVector cell,
        DeviceVector flow, float flowScale, DeviceVector gradient, DeviceVector sums)
    {
        int plane = shape.H * shape.W;
        int logit = channels.IndexOf(ChannelMeaning.Logit);
        int field = channels.IndexOf(ChannelMeaning.VectorRow);
        double perLogit = 1.0 / ((double)shape.N * plane);
        double perComponent = 1.0 / (2.0 * shape.N * plane);
        double crossEntropy = 0;
        double squares = 0;
        Values(gradient).Clear();
        for (int n = 0; n < shape.N; n++)
        {
            if (logit >= 0)
            {
                int at = ((n * shape.C) + logit) * plane;
                crossEntropy += CrossEntropy(
                    Values(output).Slice(at, plane), Values(cell).Slice(n * plane, plane), perLogit,
                    Values(gradient).Slice(at, plane));
            }

            if (field >= 0)
            {
                int at = ((n * shape.C) + field) * plane;
                squares += HalfSquares(
                    Values(output).Slice(at, 2 * plane), Values(flow).Slice(2 * n * plane, 2 * plane),
                    flowScale, perComponent, Values(gradient).Slice(at, 2 * plane));
            }
        }

        Span<T> report = Values(sums);
        report[0] = T.CreateTruncating(squares * perComponent);
        report[1] = T.CreateTruncating(crossEntropy * perLogit);
        report[2] = T.CreateTruncating((squares * perComponent) + (crossEntropy * perLogit));
    }

    private static double MaskedCrossEntropy(
        ReadOnlySpan<T> y, ReadOnlySpan<T> label, ReadOnlySpan<T> limits, in MaskedLossOptions options,
        double weight, Span<T> dy, ref long kept)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            (bool hard, T confidence, double probability) =
                PseudoLabel(double.CreateTruncating(label[i]), options.MeanIsProbability);
            dy[i] = T.Zero;
            if (options.UseClassMask && !(confidence >= limits[hard ? 1 : 0]))
            {
                continue;
            }

            double target = options.SoftLabels ? probability : hard ? 1 : 0;
            double z = double.CreateTruncating(y[i]);
            sum += CrossEntropy(z, target);
            dy[i] = T.CreateTruncating((Sigmoid(z) - target) * weight);
            kept++;
        }

        return sum;
    }

    private static double MaskedSquares(
        ReadOnlySpan<T> y, ReadOnlySpan<T> label, ReadOnlySpan<T> spread, ReadOnlySpan<T> limits,
        bool useMask, double weight, Span<T> dy, ref long kept)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            dy[i] = T.Zero;
            if (useMask && !(spread[i] <= limits[0]))
            {
                continue;
            }

            double d = double.CreateTruncating(y[i]) - double.CreateTruncating(label[i]);
            sum += d * d;
            dy[i] = T.CreateTruncating(2 * d * weight);
            kept++;
        }

        return sum;
    }

    private static double CrossEntropy(ReadOnlySpan<T> y, ReadOnlySpan<T> label, double weight, Span<T> dy)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double z = double.CreateTruncating(y[i]);
            double target = double.CreateTruncating(label[i]);
            sum += CrossEntropy(z, target);
            dy[i] = T.CreateTruncating((Sigmoid(z) - target) * weight);
        }

        return sum;
    }

    private static double HalfSquares(
        ReadOnlySpan<T> y, ReadOnlySpan<T> flow, double scale, double weight, Span<T> dy)
    {
        double sum = 0;
        for (int i = 0; i < y.Length; i++)
        {
            double d = double.CreateTruncating(y[i]) - (scale * double.CreateTruncating(flow[i]));
            sum += 0.5 * d * d;
            dy[i] = T.CreateTruncating(d * weight);
        }

        return sum;
    }

    /// <summary>Binary cross-entropy of logit z against a target from 0 to 1, without overflow.</summary>
    private static double CrossEntropy(double z, double target) =>
        Math.Max(z, 0) - (z * target) + double.LogP1(Math.Exp(-Math.Abs(z)));
}
