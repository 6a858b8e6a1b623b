using System.Numerics;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// What a convolution or pooling sees of a map around each output: tap (i, j) of the output at (h, w) is the pixel
/// (stride h + dilation i - top, stride w + dilation j - left); beyond the map there is nothing.
/// </summary>
/// <param name="Height">Rows of taps.</param>
/// <param name="Width">Columns of taps.</param>
/// <param name="Stride">Pixels from one output to the next, a power of two: outputs are so many times fewer, each way.</param>
/// <param name="Dilation">Pixels from one tap to the next.</param>
/// <param name="Top">Rows that the first output's window begins above the map.</param>
/// <param name="Left">Columns that it begins beside it.</param>
internal readonly record struct Window(int Height, int Width, int Stride, int Dilation, int Top, int Left)
{
    /// <summary>2x2 windows side by side.</summary>
    public static Window Halving => new(2, 2, 2, 1, 0, 0);

    public int Taps => Height * Width;

    /// <summary>Halvings between the map and the outputs.</summary>
    public int Levels => BitOperations.Log2((uint)Stride);

    /// <summary>Whether every backend has a convolution for it: 1x1 or 3x3, stride 1, size kept.</summary>
    public bool IsPlain => this is { Height: 1 or 3, Stride: 1, Dilation: 1 } && this == Centred(Height);

    /// <summary>The pads that ONNX files state: top, left, bottom, right.</summary>
    public long[] Pads => [Top, Left, End(Top, Height), End(Left, Width)];

    /// <summary>A square window around each pixel.</summary>
    public static Window Centred(int kernel) => new(kernel, kernel, 1, 1, kernel / 2, kernel / 2);

    /// <summary>Whether a map of any size that is a multiple of the stride gives one output for every so many pixels.</summary>
    /// <param name="before">Pixels before the map.</param>
    /// <param name="after">Pixels behind it.</param>
    /// <param name="taps">Taps along this axis.</param>
    public bool Fits(long before, long after, long taps) =>
        before >= 0 && after >= 0 && Overhang(before, after, taps) is var rest && rest >= -Stride && rest <= -1;

    /// <summary>The row that a tap of the outputs in row <paramref name="h"/> sees.</summary>
    public int Row(int h, int tap) => (Stride * h) + (Dilation * (tap / Width)) - Top;

    /// <summary>The column that a tap of the outputs in column <paramref name="w"/> sees.</summary>
    public int Column(int w, int tap) => (Stride * w) + (Dilation * (tap % Width)) - Left;

    /// <summary>The output that lies so many pixels from the first; -1 where there is none.</summary>
    public int OutputOf(int pixels) => pixels < 0 || (pixels & (Stride - 1)) != 0 ? -1 : pixels >> Levels;

    /// <summary>The outputs whose tap lies on the map, along an axis.</summary>
    /// <param name="offset">Where it lies for the first output.</param>
    /// <param name="size">Pixels of the map.</param>
    /// <param name="outputs">Outputs in all.</param>
    public (int First, int End) Range(int offset, int size, int outputs)
    {
        int first = Math.Min(offset < 0 ? (-offset + Stride - 1) / Stride : 0, outputs);
        int end = size <= offset ? 0 : ((size - 1 - offset) / Stride) + 1;
        return (first, Math.Clamp(end, first, outputs));
    }

    public override string ToString() =>
        FormattableString.Invariant($"{Height}x{Width}")
        + (Stride == 1 ? "" : FormattableString.Invariant($", stride {Stride}"))
        + (Dilation == 1 ? "" : FormattableString.Invariant($", dilation {Dilation}"));

    private long Overhang(long before, long after, long taps) => before + after - (Dilation * (taps - 1)) - 1;

    private long End(int before, int taps) =>
        Fits(before, before, taps) ? before : Math.Max(0, (Dilation * (taps - 1)) + 1 - Stride - before);
}
