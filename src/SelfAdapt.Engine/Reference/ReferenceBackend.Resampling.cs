namespace SelfAdapt.Engine.Reference;

// Pooling and upsampling, forward and backward by their definitions.
internal sealed partial class ReferenceBackend
{
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

    public void SumPerChannel(DeviceTensor x, VectorSlice sums)
    {
        Values(sums).Clear();
        for (int i = 0; i < Data(x).Length; i++)
        {
            Values(sums)[i / Plane(x) % x.Shape.C] += Data(x)[i];
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

        double source = mode == UpsampleMode.AlignedLinear
            ? position * (size - 1.0) / ((2 * size) - 1)
            : ((position + 0.5) / 2) - 0.5;
        int floor = (int)Math.Floor(source);
        double fraction = source - floor;
        return [(Math.Clamp(floor, 0, size - 1), 1 - fraction), (Math.Clamp(floor + 1, 0, size - 1), fraction)];
    }
}
