using System.Numerics;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>Reads the window of a convolution or pooling from its attributes.</summary>
internal static class WindowReader
{
    private const int MostTaps = 31;

    /// <summary>The map that a node reads, with what a Pad in front of it adds: top, left, bottom, right.</summary>
    public static (Activation Map, long[] Pads) Input(NetworkReader reader, OnnxNode node)
    {
        if (reader.Find(node, 0) is not Padded padded)
        {
            return (reader.Activation(node, 0), [0, 0, 0, 0]);
        }

        return padded.Of is { ChannelsLast: false, Dims.Length: 4 }
            ? (padded.Of, padded.Pads)
            : throw reader.Refuse(node, "the channels of input 0 lie last.");
    }

    /// <summary>The window that leaves one output for every stride of pixels, each way.</summary>
    /// <param name="more">Pads of a node in front.</param>
    public static Window Read(
        NetworkReader reader, OnnxNode node, Activation x, long height, long width, IReadOnlyList<long> more)
    {
        string what = $"a window of {height}x{width}";
        Window window = Steps(reader, node, what, height, width);
        if (x.Dims[2] % window.Stride != 0 || x.Dims[3] % window.Stride != 0)
        {
            throw reader.Refuse(node, $"a stride of {window.Stride} on a map of {x.Dims[2]}x{x.Dims[3]} can't be trained here.");
        }

        long[] pads = Pads(node, window, height, width, out bool same);
        if (pads.Length != 4 || (same && more.Any(p => p != 0)))
        {
            throw reader.Refuse(node, "it needs four pads, or has them computed behind a Pad, which is not known.");
        }

        pads = [.. pads.Zip(more, (a, b) => a + b)];

        // Pooling rounds up where it is told to: its last windows then hang over.
        long over = node.GetInt("ceil_mode", 0) == 0 ? 0 : window.Stride - 1;
        return window.Fits(pads[0], pads[2] + over, height) && window.Fits(pads[1], pads[3] + over, width)
            ? window with { Top = (int)pads[0], Left = (int)pads[1] }
            : throw reader.Refuse(
                node, $"{what} with stride {window.Stride}, dilation {window.Dilation} and pads {string.Join(",", pads)} leaves a map "
                + "of another size than the input's or its part by the stride, which can't be trained here.");
    }

    /// <summary>The window that a transposed convolution turns round: its input is what the window's outputs would be.</summary>
    public static Window ReadTransposed(NetworkReader reader, OnnxNode node, long height, long width)
    {
        string what = $"a transposed window of {height}x{width}";
        Window window = Steps(reader, node, what, height, width);
        long[] pads = Pads(node, window, height, width, out bool same);
        long[] more = [.. node.GetInts("output_padding") ?? [0, 0]];

        // Which side the odd one of computed pads goes to, programs do not agree on.
        bool fits = pads.Length == 4 && more.Length == 2 && pads.All(p => p >= 0) && more.All(p => p >= 0)
            && Grown(pads[0], pads[2], more[0], height) && Grown(pads[1], pads[3], more[1], width)
            && (same ? pads[0] == pads[2] && pads[1] == pads[3] : node.GetInts("output_shape") is null);
        return fits
            ? window with { Top = (int)pads[0], Left = (int)pads[1] }
            : throw reader.Refuse(
                node, $"{what} with stride {window.Stride} and pads {string.Join(",", pads)} does not make the map larger by just the "
                + "stride, which can't be trained here.");

        bool Grown(long before, long after, long extra, long taps) =>
            (window.Dilation * (taps - 1)) + 1 - before - after + extra == window.Stride && before <= window.Dilation * (taps - 1);
    }

    private static Window Steps(NetworkReader reader, OnnxNode node, string what, long height, long width)
    {
        long stride = Equal(node.GetInts("strides"));
        long dilation = Equal(node.GetInts("dilations"));
        return height is >= 1 and <= MostTaps && width is >= 1 and <= MostTaps && stride is >= 1 and <= 16
            && BitOperations.IsPow2(stride) && dilation is >= 1 and <= 64
            ? new Window((int)height, (int)width, (int)stride, (int)dilation, 0, 0)
            : throw reader.Refuse(
                node, $"{what} with these strides or dilations can't be trained here: windows of up to {MostTaps}x{MostTaps} with "
                + "strides of 1, 2, 4, 8 or 16 and dilations up to 64, the same both ways, can.");
    }

    /// <summary>Top, left, bottom, right, as stated or as computed (same) for a map of a multiple of the stride.</summary>
    private static long[] Pads(OnnxNode node, Window window, long height, long width, out bool same)
    {
        string auto = node.GetString("auto_pad") ?? "NOTSET";
        same = auto is "SAME_UPPER" or "SAME_LOWER";
        if (!same)
        {
            return node.GetInts("pads") ?? [0, 0, 0, 0];
        }

        (long top, long bottom) = Same(window, height, auto);
        (long left, long right) = Same(window, width, auto);
        return [top, left, bottom, right];
    }

    private static (long Before, long After) Same(Window window, long taps, string auto)
    {
        long total = Math.Max(0, (window.Dilation * (taps - 1)) + 1 - window.Stride);
        long less = total / 2;
        return auto == "SAME_UPPER" ? (less, total - less) : (total - less, less);
    }

    /// <summary>The value that a list has throughout; 1 where there is none, 0 where there are several.</summary>
    private static long Equal(long[]? values) =>
        values is not { Length: > 0 } ? 1 : values.All(v => v == values[0]) ? values[0] : 0;
}
