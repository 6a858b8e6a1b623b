using System;
using System.Numerics;

namespace SelfAdapt.Compute;

public abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public override void ApplyView(DeviceVector source, TensorShape shape, View view, DeviceVector target)
    {
        ReadOnlySpan<T> from = Values(source);
        Span<T> to = Values(target);
        ViewTransform transform = ViewTransform.Of(view);
        (int rows, int columns) = transform.SwapsAxes ? (shape.W, shape.H) : (shape.H, shape.W);
        (int origin, int down, int right) = transform.Strides(shape.H, shape.W);
        int plane = shape.H * shape.W;
        for (int p = 0; p < shape.N * shape.C; p++)
        {
            ReadOnlySpan<T> fromPlane = from.Slice(p * plane, plane);
            Span<T> toPlane = to.Slice(p * plane, plane);
            for (int i = 0; i < rows; i++)
            {
                int at = origin + (i * down);
                for (int j = 0; j < columns; j++, at += right)
                {
                    toPlane[(i * columns) + j] = fromPlane[at];
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void ViewMoments(
        ReadOnlySpan<DeviceVector> outputs, ReadOnlySpan<View> views, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, bool averageProbabilities,
        DeviceVector mean, DeviceVector deviation)
    {
        if (outputs.Length != views.Length || outputs.Length == 0)
        {
            throw new ArgumentException($"{outputs.Length} outputs do not go with {views.Length} views.");
        }

        int plane = shape.H * shape.W;
        double[] values = new double[views.Length * plane];
        for (int p = 0; p < shape.N * shape.C; p++)
        {
            ChannelMeaning meaning = channels[p % shape.C];
            for (int v = 0; v < views.Length; v++)
            {
                TurnBack(
                    Values(outputs[v]), p, shape, meaning, ViewTransform.Of(views[v]),
                    values.AsSpan(v * plane, plane));
            }

            if (averageProbabilities && meaning == ChannelMeaning.Logit)
            {
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = Sigmoid(values[i]);
                }
            }

            Moments(
                values, views.Length, Values(mean).Slice(p * plane, plane),
                Values(deviation).Slice(p * plane, plane));
        }
    }

    /// <summary>Brings plane <paramref name="p"/> of a turned output back onto the original's grid.</summary>
    private static void TurnBack(
        ReadOnlySpan<T> turned, int p, TensorShape shape, ChannelMeaning meaning, ViewTransform view,
        Span<double> target)
    {
        // A component of the original is one component of the turned field, with a sign: itself or its
        // partner.
        (int partner, int fromRow, int fromColumn) = meaning switch
        {
            ChannelMeaning.VectorRow => (1, view.RowFromRow, view.RowFromColumn),
            ChannelMeaning.VectorColumn => (-1, view.ColumnFromRow, view.ColumnFromColumn),
            _ => (0, 1, 0),
        };
        int sign = fromRow + fromColumn;
        int plane = shape.H * shape.W;
        int source = partner != 0 && view.SwapsAxes ? p + partner : p;
        ReadOnlySpan<T> from = turned.Slice(source * plane, plane);
        (int height, int width) = view.SwapsAxes ? (shape.W, shape.H) : (shape.H, shape.W);
        (int origin, int down, int right) = view.Inverse().Strides(height, width);
        for (int i = 0; i < shape.H; i++)
        {
            int at = origin + (i * down);
            for (int j = 0; j < shape.W; j++, at += right)
            {
                target[(i * shape.W) + j] = sign * double.CreateTruncating(from[at]);
            }
        }
    }

    /// <summary>
    /// Mean and standard deviation per pixel, over the differences to the first view: views that agree give a
    /// deviation of exactly zero.
    /// </summary>
    private static void Moments(ReadOnlySpan<double> values, int views, Span<T> mean, Span<T> deviation)
    {
        for (int i = 0; i < mean.Length; i++)
        {
            double first = values[i];
            double shift = 0;
            for (int v = 1; v < views; v++)
            {
                shift += values[(v * mean.Length) + i] - first;
            }

            shift /= views;
            double squares = 0;
            for (int v = 0; v < views; v++)
            {
                double d = values[(v * mean.Length) + i] - first - shift;
                squares += d * d;
            }

            mean[i] = T.CreateTruncating(first + shift);
            deviation[i] = T.CreateTruncating(views > 1 ? Math.Sqrt(squares / (views - 1)) : 0);
        }
    }

    /// <summary>1 / (1 + e^-x), without overflow.</summary>
    private static double Sigmoid(double x)
    {
        double e = Math.Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }
}
