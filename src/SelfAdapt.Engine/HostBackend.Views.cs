using System.Buffers;
using System.Numerics;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

internal abstract partial class HostBackend<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public void Reorient(DeviceVector source, TensorShape shape, Orientation view, DeviceVector target)
    {
        T[] from = Data(source);
        T[] to = Data(target);
        OrientationMap transform = OrientationMap.Of(view);
        (int rows, int columns) = transform.SwapsAxes ? (shape.W, shape.H) : (shape.H, shape.W);
        (int origin, int down, int right) = transform.Strides(shape.H, shape.W);
        int plane = shape.H * shape.W;
        For(shape.N * shape.C, p =>
        {
            ReadOnlySpan<T> fromPlane = from.AsSpan(p * plane, plane);
            Span<T> toPlane = to.AsSpan(p * plane, plane);
            for (int i = 0; i < rows; i++)
            {
                int at = origin + (i * down);
                for (int j = 0; j < columns; j++, at += right)
                {
                    toPlane[(i * columns) + j] = fromPlane[at];
                }
            }
        });
    }

    public void ViewMoments(
        ReadOnlySpan<DeviceVector> outputs, ReadOnlySpan<Orientation> views, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, bool averageProbabilities,
        DeviceVector mean, DeviceVector deviation)
    {
        if (outputs.Length != views.Length || outputs.Length == 0)
        {
            throw new ArgumentException($"{outputs.Length} outputs do not go with {views.Length} views.");
        }

        ChannelMeaning[] meanings = channels.ToArray();
        T[][] turned = new T[views.Length][];
        OrientationMap[] transforms = new OrientationMap[views.Length];
        for (int v = 0; v < views.Length; v++)
        {
            (turned[v], transforms[v]) = (Data(outputs[v]), OrientationMap.Of(views[v]));
        }

        (T[] means, T[] deviations) = (Data(mean), Data(deviation));
        int plane = shape.H * shape.W;
        For(shape.N * shape.C, p =>
        {
            ChannelMeaning meaning = meanings[p % shape.C];
            TurnedPlane[] planes = new TurnedPlane[turned.Length];
            for (int v = 0; v < planes.Length; v++)
            {
                planes[v] = new(turned[v], p, shape, meaning, transforms[v]);
            }

            Moments(
                planes, shape.W, averageProbabilities && meaning.IsLogit,
                means.AsSpan(p * plane, plane), deviations.AsSpan(p * plane, plane));
        });
    }

    /// <summary>
    /// Mean and standard deviation per pixel, over the differences to the first view: views that agree give a
    /// deviation of exactly zero.
    /// </summary>
    private static void Moments(
        ReadOnlySpan<TurnedPlane> planes, int width, bool probabilities, Span<T> mean, Span<T> deviation)
    {
        int views = planes.Length;
        double[] rented = ArrayPool<double>.Shared.Rent(views * width);
        Span<double> row = rented.AsSpan(0, views * width);
        for (int at = 0; at < mean.Length; at += width)
        {
            for (int v = 0; v < views; v++)
            {
                planes[v].ReadRow(at / width, row.Slice(v * width, width));
            }

            if (probabilities)
            {
                foreach (ref double value in row)
                {
                    value = Sigmoid(value);
                }
            }

            for (int x = 0; x < width; x++)
            {
                double first = row[x];
                double shift = 0;
                for (int k = x + width; k < row.Length; k += width)
                {
                    shift += row[k] - first;
                }

                shift /= views;
                double squares = 0;
                for (int k = x; k < row.Length; k += width)
                {
                    double d = row[k] - first - shift;
                    squares += d * d;
                }

                mean[at + x] = FromDouble(first + shift);
                deviation[at + x] = FromDouble(views > 1 ? Math.Sqrt(squares / (views - 1)) : 0);
            }
        }

        ArrayPool<double>.Shared.Return(rented);
    }

    /// <summary>1 / (1 + e^-x), without overflow.</summary>
    private static double Sigmoid(double x)
    {
        double e = Math.Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /// <summary>One plane of a turned output, read in the original's coordinates.</summary>
    private readonly struct TurnedPlane
    {
        private readonly T[] _values;
        private readonly int _origin;
        private readonly int _down;
        private readonly int _right;
        private readonly int _sign;

        /// <summary>Plane p of the original lies here.</summary>
        public TurnedPlane(T[] values, int p, TensorShape shape, ChannelMeaning meaning, OrientationMap view)
        {
            (int partner, _sign) = meaning.Turned(view);
            (int height, int width) = view.SwapsAxes ? (shape.W, shape.H) : (shape.H, shape.W);
            (_origin, _down, _right) = view.Inverse().Strides(height, width);
            _origin += (p + partner) * height * width;
            _values = values;
        }

        public void ReadRow(int y, Span<double> row)
        {
            int at = _origin + (y * _down);
            for (int x = 0; x < row.Length; x++, at += _right)
            {
                row[x] = _sign * ToDouble(_values[at]);
            }
        }
    }
}
