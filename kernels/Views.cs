using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The eight flips and turns of a batch, and their inverse with mean and standard deviation over the views in one pass.
/// Math: pixel (i, j) of a turned plane lies at origin + i down + j right of the plane it comes from; the mean is the
/// first view's value plus the mean difference to it, so views that agree have a deviation of exactly 0; n - 1 in the
/// denominator. In double, as on the host: confidences compared with thresholds hang on it. Layout: NCHW vectors; table
/// [views][channels][6]: partner channel, sign, origin, down, right, sigmoid. Launch: one thread per value, groups of
/// 256.
/// </summary>
public static class Views
{
    private const int Partner = 0;
    private const int Sign = 1;
    private const int Origin = 2;
    private const int Down = 3;
    private const int Right = 4;
    private const int UseSigmoid = 5;

    /// <summary>Most views in a launch.</summary>
    public const int Most = 8;

    /// <summary>Numbers of a view and channel in the table.</summary>
    public const int Entries = 6;

    /// <summary>Turns every plane.</summary>
    public static void Apply(
        ArrayView<float> source, ArrayView<float> target, int plane, int columns, int origin, int down, int right,
        int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int at = i % plane;
            target[i] = source[(i - at) + origin + (at / columns * down) + (at % columns * right)];
        }
    }

    /// <summary>Turns up to eight outputs back; mean and deviation over them.</summary>
    public static void Moments(
        ArrayView<float> o0, ArrayView<float> o1, ArrayView<float> o2, ArrayView<float> o3, ArrayView<float> o4,
        ArrayView<float> o5, ArrayView<float> o6, ArrayView<float> o7, ArrayView<int> table, ArrayView<float> mean,
        ArrayView<float> deviation, int views, int channels, int plane, int width, int count)
    {
        int i = Place.Index();
        if (i >= count)
        {
            return;
        }

        double first = Read(o0, table, 0, i, channels, plane, width);
        double shift = 0;
        for (int v = 1; v < views; v++)
        {
            shift += Read(o1, o2, o3, o4, o5, o6, o7, table, v, i, channels, plane, width) - first;
        }

        shift /= views;
        double squares = shift * shift;
        for (int v = 1; v < views; v++)
        {
            double d = Read(o1, o2, o3, o4, o5, o6, o7, table, v, i, channels, plane, width) - first - shift;
            squares += d * d;
        }

        mean[i] = (float)(first + shift);
        deviation[i] = views > 1 ? (float)Math.Sqrt(squares / (views - 1)) : 0;
    }

    private static double Read(
        ArrayView<float> o1, ArrayView<float> o2, ArrayView<float> o3, ArrayView<float> o4, ArrayView<float> o5,
        ArrayView<float> o6, ArrayView<float> o7, ArrayView<int> table, int view, int i, int channels, int plane,
        int width)
    {
        ArrayView<float> output = o1;
        output = view == 2 ? o2 : output;
        output = view == 3 ? o3 : output;
        output = view == 4 ? o4 : output;
        output = view == 5 ? o5 : output;
        output = view == 6 ? o6 : output;
        output = view == 7 ? o7 : output;
        return Read(output, table, view, i, channels, plane, width);
    }

    /// <summary>What a view says about the original's value i.</summary>
    private static double Read(
        ArrayView<float> output, ArrayView<int> table, int view, int i, int channels, int plane, int width)
    {
        int at = i % plane;
        int channel = i / plane % channels;
        int entry = ((view * channels) + channel) * Entries;
        int from = (i - at) + (table[entry + Partner] * plane) + table[entry + Origin]
            + (at / width * table[entry + Down]) + (at % width * table[entry + Right]);
        double value = table[entry + Sign] * (double)output[from];
        return table[entry + UseSigmoid] != 0 ? Functions.Sigmoid(value) : value;
    }
}
