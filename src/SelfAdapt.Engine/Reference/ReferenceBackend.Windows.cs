using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Reference;

// What sees a window of a map around each output, by its definition.
internal sealed partial class ReferenceBackend
{
    public void MaxPool(DeviceTensor x, DeviceTensor y, Window window) =>
        ForEachMaximum(x, y, window, (from, to) => Data(y)[to] = Data(x)[from]);

    public void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, Window window, bool accumulate)
    {
        Begin(dx, accumulate);
        ForEachMaximum(x, dy, window, (from, to) => Data(dx)[from] += Data(dy)[to]);
    }

    public void Unfold(DeviceTensor x, DeviceTensor u, Window window)
    {
        Array.Clear(Data(u));
        ForEachSeen(x, u, window, (_, from, tap, to) => Data(u)[Unfolded(u, window, tap, to)] = Data(x)[from]);
    }

    public void Fold(DeviceTensor u, VectorSlice? bias, DeviceTensor x, Window window, bool accumulate)
    {
        Set(x, accumulate, i => bias is { } b ? Values(b)[i / Plane(x) % x.Shape.C] : 0);
        ForEachSeen(x, u, window, (_, to, tap, from) => Data(x)[to] += Data(u)[Unfolded(u, window, tap, from)]);
    }

    public void Depthwise(DeviceTensor x, VectorSlice weight, VectorSlice? bias, DeviceTensor y, Window window)
    {
        Set(y, false, i => bias is { } b ? Values(b)[i / Plane(y) % y.Shape.C] : 0);
        ForEachSeen(x, y, window, (c, from, tap, to) => Data(y)[to] += Data(x)[from] * Values(weight)[(c * window.Taps) + tap]);
    }

    public void DepthwiseBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dWeight,
        Window window)
    {
        Values(dWeight).Clear();
        ForEachSeen(
            x, dy, window, (c, from, tap, to) => Values(dWeight)[(c * window.Taps) + tap] += Data(x)[from] * Data(dy)[to]);
        if (dx is not null)
        {
            Begin(dx, accumulate);
            ForEachSeen(
                x, dy, window, (c, to, tap, from) => Data(dx)[to] += Data(dy)[from] * Values(weight)[(c * window.Taps) + tap]);
        }
    }

    private static void Begin(DeviceTensor target, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Data(target));
        }
    }

    /// <summary>The index of a tap among the channels of an unfolded tensor.</summary>
    /// <param name="at">The index that the output would have with a channel per map.</param>
    private static int Unfolded(DeviceTensor u, Window window, int tap, int at) =>
        (((at / Plane(u) * window.Taps) + tap) * Plane(u)) + (at % Plane(u));

    /// <summary>Visits (index of the first maximum, index of the output) of every window.</summary>
    private static void ForEachMaximum(DeviceTensor x, DeviceTensor y, Window window, Action<int, int> visit)
    {
        int[] best = new int[Data(y).Length];
        Array.Fill(best, -1);
        ForEachSeen(
            x, y, window, (_, from, _, to) => best[to] = best[to] < 0 || Data(x)[from] > Data(x)[best[to]] ? from : best[to]);
        for (int i = 0; i < best.Length; i++)
        {
            visit(best[i], i);
        }
    }

    /// <summary>
    /// Visits (channel, index in the map, tap, index of the output) of all that windows see, tap by tap for each output.
    /// </summary>
    private static void ForEachSeen(DeviceTensor map, DeviceTensor outputs, Window window, Action<int, int, int, int> visit)
    {
        (int batch, int channels, int height, int width) = map.Shape;
        (int rows, int columns) = (outputs.Shape.H, outputs.Shape.W);
        for (int i = 0; i < batch * channels * rows * columns; i++)
        {
            (int plane, int h, int w) = (i / (rows * columns), i / columns % rows, i % columns);
            for (int tap = 0; tap < window.Taps; tap++)
            {
                int row = (window.Stride * h) + (window.Dilation * (tap / window.Width)) - window.Top;
                int column = (window.Stride * w) + (window.Dilation * (tap % window.Width)) - window.Left;
                if (row >= 0 && row < height && column >= 0 && column < width)
                {
                    visit(plane % channels, (((plane * height) + row) * width) + column, tap, i);
                }
            }
        }
    }
}
