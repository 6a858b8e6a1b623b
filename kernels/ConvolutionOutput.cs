using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>Two neighbouring channels: what a tensor core's sums hold side by side.</summary>
internal struct Pair
{
    public float X;
    public float Y;
}

/// <summary>Where a tile's sums go and what is added on the way.</summary>
internal struct ConvolutionOutput
{
    private ArrayView<float> _y;
    private ArrayView<float> _bias;
    private ArrayView<float> _residual;
    private ArrayView<float> _perChannel;
    private ConvolutionFlags _flags;
    private int _pixels;
    private int _plane;
    private int _outputs;
    private int _pitch;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ConvolutionOutput Of(
        ArrayView<float> y, ArrayView<float> bias, ArrayView<float> residual, ArrayView<float> perChannel,
        ConvolutionFlags flags, int pixels, int plane, int outputs, int pitch)
    {
        ConvolutionOutput to;
        to._y = y;
        to._bias = bias;
        to._residual = residual;
        to._perChannel = perChannel;
        to._flags = flags;
        to._pixels = pixels;
        to._plane = plane;
        to._outputs = outputs;
        to._pitch = pitch;
        return to;
    }

    /// <summary>Writes the sums of a thread that owns eight rows and eight columns as SharedTile says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(
        ConvolutionOutput to, RegisterTile sums, int firstPixel, int firstOutput, int groupX, int groupY)
    {
        int left = firstOutput + (4 * Group.IdxX);
        int right = left + (4 * groupX);
        int upper = firstPixel + (4 * Group.IdxY);
        int lower = upper + (4 * groupY);
        Quad leftBias = Quad.Of(Bias(to, left), Bias(to, left + 1), Bias(to, left + 2), Bias(to, left + 3));
        Quad rightBias = Quad.Of(Bias(to, right), Bias(to, right + 1), Bias(to, right + 2), Bias(to, right + 3));
        Write(to, upper, left, right, Quad.Add(sums.L0, leftBias), Quad.Add(sums.R0, rightBias));
        Write(to, upper + 1, left, right, Quad.Add(sums.L1, leftBias), Quad.Add(sums.R1, rightBias));
        Write(to, upper + 2, left, right, Quad.Add(sums.L2, leftBias), Quad.Add(sums.R2, rightBias));
        Write(to, upper + 3, left, right, Quad.Add(sums.L3, leftBias), Quad.Add(sums.R3, rightBias));
        Write(to, lower, left, right, Quad.Add(sums.L4, leftBias), Quad.Add(sums.R4, rightBias));
        Write(to, lower + 1, left, right, Quad.Add(sums.L5, leftBias), Quad.Add(sums.R5, rightBias));
        Write(to, lower + 2, left, right, Quad.Add(sums.L6, leftBias), Quad.Add(sums.R6, rightBias));
        Write(to, lower + 3, left, right, Quad.Add(sums.L7, leftBias), Quad.Add(sums.R7, rightBias));
    }

    /// <summary>Writes a pixel's channels output, +1, +8, +9 (left quad) and +16, +17, +24, +25 (right).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WritePairs(ConvolutionOutput to, int pixel, int output, Quad left, Quad right)
    {
        if (pixel < to._pixels)
        {
            int own = (to._flags & ConvolutionFlags.PerChannel) != 0 ? pixel / to._plane * to._pitch : 0;
            WritePair(to, pixel, own, output, left.X, left.Y);
            WritePair(to, pixel, own, output + 8, left.Z, left.W);
            WritePair(to, pixel, own, output + 16, right.X, right.Y);
            WritePair(to, pixel, own, output + 24, right.Z, right.W);
        }
    }

    /// <summary>An output channel's bias, or 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Bias(ConvolutionOutput to, int output)
    {
        float value = 0;
        if ((to._flags & ConvolutionFlags.Bias) != 0 && output < to._outputs)
        {
            value = to._bias[output];
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(
        ConvolutionOutput to, int pixel, int left, int right, Quad leftSum, Quad rightSum)
    {
        if (pixel < to._pixels)
        {
            int own = (to._flags & ConvolutionFlags.PerChannel) != 0 ? pixel / to._plane * to._pitch : 0;
            WriteQuad(to, pixel, own, left, leftSum);
            WriteQuad(to, pixel, own, right, rightSum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteQuad(ConvolutionOutput to, int pixel, int own, int output, Quad value)
    {
        if (output < to._pitch)
        {
            int at = ((pixel * to._pitch) + output) >> 2;
            value = (to._flags & ConvolutionFlags.PerChannel) != 0
                ? Quad.Add(value, Quad.View(to._perChannel)[(own + output) >> 2])
                : value;
            Quad.View(to._y)[at] = (to._flags & ConvolutionFlags.Residual) != 0
                ? Quad.Add(value, Quad.View(to._residual)[at])
                : value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WritePair(ConvolutionOutput to, int pixel, int own, int output, float first, float second)
    {
        if (output < to._pitch)
        {
            int at = ((pixel * to._pitch) + output) >> 1;
            Pair value;
            value.X = first;
            value.Y = second;
            value = (to._flags & ConvolutionFlags.PerChannel) != 0
                ? Sum(value, View(to._perChannel)[(own + output) >> 1])
                : value;
            View(to._y)[at] = (to._flags & ConvolutionFlags.Residual) != 0
                ? Sum(value, View(to._residual)[at])
                : value;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ArrayView<Pair> View(ArrayView<float> values) => Quad.View(values).Cast<Pair>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pair Sum(Pair a, Pair b)
    {
        a.X += b.X;
        a.Y += b.Y;
        return a;
    }
}
