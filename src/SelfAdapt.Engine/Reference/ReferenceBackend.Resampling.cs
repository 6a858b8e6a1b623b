namespace SelfAdapt.Engine.Reference;

// Pooling and upsampling, forward and backward by their definitions.
internal sealed partial class ReferenceBackend
{
    public void MaxPool(DeviceTensor x, DeviceTensor y) =>
        ForEachWindow(x, y, (from, to) => Data(y)[to] = Data(x)[from]);

    public void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Data(dx));
        }

        ForEachWindow(x, dy, (from, to) => Data(dx)[from] += Data(dy)[to]);
    }

    public void AveragePool(DeviceTensor x, DeviceTensor y)
    {
        UpsampleBackward(x, y, UpsampleMode.Nearest, false);
        Set(y, false, i => Data(y)[i] / 4);
    }

    public void AveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Data(dx));
        }

        ForEachTap(dy, dx, UpsampleMode.Nearest, (from, to, weight) => Data(dx)[to] += weight * Data(dy)[from] / 4);
    }

    public void Subsample(DeviceTensor x, DeviceTensor y) => ForEachCorner(x, y, (from, to) => Data(y)[to] = Data(x)[from]);

    public void SubsampleBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Data(dx));
        }

        ForEachCorner(dx, dy, (to, from) => Data(dx)[to] += Data(dy)[from]);
    }

    public void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode)
    {
        Array.Clear(Data(y));
        ForEachTap(x, y, mode, (from, to, weight) => Data(y)[to] += weight * Data(x)[from]);
    }

    public void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate)
    {
        if (!accumulate)
        {
            Array.Clear(Data(dx));
        }

        ForEachTap(dx, dy, mode, (from, to, weight) => Data(dx)[from] += weight * Data(dy)[to]);
    }

    public void DepthToSpace(DeviceTensor x, VectorSlice? bias, DeviceTensor y) => ForEachOfWindow(
        x, y, (from, to) => Data(y)[to] = Data(x)[from] + (bias is { } b ? Values(b)[to / Plane(y) % y.Shape.C] : 0));

    public void DepthToSpaceBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate) => ForEachOfWindow(
        dx, dy, (to, from) => Data(dx)[to] = Data(dy)[from] + (accumulate ? Data(dx)[to] : 0));

    public void SumPerChannel(DeviceTensor x, VectorSlice sums)
    {
        Values(sums).Clear();
        for (int i = 0; i < Data(x).Length; i++)
        {
            Values(sums)[i / Plane(x) % x.Shape.C] += Data(x)[i];
        }
    }

    /// <summary>Visits (index among the channels of the small tensor, index in the large one) of every value.</summary>
    private static void ForEachOfWindow(DeviceTensor small, DeviceTensor large, Action<int, int> visit)
    {
        (int batch, int channels, int height, int width) = large.Shape;
        for (int i = 0; i < batch * channels * height * width; i++)
        {
            (int plane, int row, int column) = (i / (height * width), i / width % height, i % width);
            int channel = (4 * plane) + (2 * (row % 2)) + (column % 2);
            visit((((channel * (height / 2)) + (row / 2)) * (width / 2)) + (column / 2), i);
        }
    }

    /// <summary>Visits (index of the first pixel, index of the small map's pixel) of every 2x2 window.</summary>
    private static void ForEachCorner(DeviceTensor large, DeviceTensor small, Action<int, int> visit)
    {
        (int height, int width) = (small.Shape.H, small.Shape.W);
        for (int i = 0; i < Data(small).Length; i++)
        {
            (int plane, int row, int column) = (i / (height * width), i / width % height, i % width);
            visit((((plane * large.Shape.H) + (2 * row)) * large.Shape.W) + (2 * column), i);
        }
    }

    /// <summary>Visits (index of the first maximum, index of the pooled pixel) of every 2x2 window.</summary>
    private static void ForEachWindow(DeviceTensor x, DeviceTensor y, Action<int, int> visit)
    {
        (int batch, int channels, int height, int width) = y.Shape;
        for (int i = 0; i < batch * channels * height * width; i++)
        {
            (int plane, int h, int w) = (i / (height * width), i / width % height, i % width);
            int corner = (((plane * 2 * height) + (2 * h)) * 2 * width) + (2 * w);
            int best = corner;
            foreach (int candidate in new[] { corner + 1, corner + (2 * width), corner + (2 * width) + 1 })
            {
                best = Data(x)[candidate] > Data(x)[best] ? candidate : best;
            }

            visit(best, i);
        }
    }

    /// <summary>Visits (small pixel, large pixel, weight) of every term of the upsampling.</summary>
    private static void ForEachTap(
        DeviceTensor small, DeviceTensor large, UpsampleMode mode, Action<int, int, double> visit)
    {
        (int batch, int channels, int height, int width) = small.Shape;
        for (int plane = 0; plane < batch * channels; plane++)
        {
            for (int h = 0; h < 2 * height; h++)
            {
                for (int w = 0; w < 2 * width; w++)
                {
                    int to = (((plane * 2 * height) + h) * 2 * width) + w;
                    foreach ((int row, double rowWeight) in Taps(h, height, mode))
                    {
                        foreach ((int column, double columnWeight) in Taps(w, width, mode))
                        {
                            visit((((plane * height) + row) * width) + column, to, rowWeight * columnWeight);
                        }
                    }
                }
            }
        }
    }

    private static (int Index, double Weight)[] Taps(int position, int size, UpsampleMode mode)
    {
        if (mode == UpsampleMode.Nearest)
        {
            return [(position / 2, 1.0)];
        }

        double source = ((position + 0.5) / 2) - 0.5;
        int floor = (int)Math.Floor(source);
        double fraction = source - floor;
        return [(Math.Clamp(floor, 0, size - 1), 1 - fraction), (Math.Clamp(floor + 1, 0, size - 1), fraction)];
    }
}
