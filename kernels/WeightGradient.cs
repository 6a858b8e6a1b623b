using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution's gradient of weights and bias: dw[t, c, k] = sum over pixels p of f(x[p + shift(t), c]) dy[p, k], db[k]
/// = sum of dy[p, k], f as in <see cref="Convolution"/>. A matrix multiplication whose rows are (tap, channel), whose
/// columns are output channels and whose depth is the pixels, split over the grid's z; the parts are added in their
/// order, so the bits do not depend on which group ends first. Layout: partial [splits][taps * pitch(C) + 1][pitch(K)],
/// the last row the bias's; both operands lie as they are read, pixel by pixel, so shared memory takes whole quads.
/// Slices, double buffer and tiles as in Convolution. Launch: tile AxB: group (B/8, A/8), grid (rows/A, outputs/B,
/// splits), rounded up. Finish: a thread per value of a part.
/// </summary>
public static class WeightGradient
{
    /// <summary>A split's part of the sums.</summary>
    public static void Sum<TTile, TPrecision>(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit)
        where TTile : struct, ITile
        where TPrecision : struct, IPrecision =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(SharedTile.RowFloats<TTile, TPrecision>()),
            SharedMemory.Allocate<float>(SharedTile.ColumnFloats<TTile, TPrecision>()),
            default(TTile).GroupX, default(TTile).GroupY, default(TPrecision).Format);

    /// <summary>Adds the parts in order and puts them into torch's order [K,C,taps].</summary>
    public static void Finish(
        ArrayView<float> partial, ArrayView<float> dWeight, ArrayView<float> dBias, int inputs, int outputs, int taps,
        int splits, int withBias, int count)
    {
        int i = Place.Index();
        if (i >= count)
        {
            return;
        }

        float sum = 0;
        for (int split = 0; split < splits; split++)
        {
            sum += partial[(split * count) + i];
        }

        int inPitch = Place.Pitch(inputs);
        int outPitch = Place.Pitch(outputs);
        int k = i % outPitch;
        int c = i / outPitch % inPitch;
        int tap = i / (outPitch * inPitch);
        if (k < outputs && tap == taps && c == 0 && withBias != 0)
        {
            dBias[k] = sum;
        }

        if (k < outputs && tap < taps && c < inputs)
        {
            dWeight[(((k * inputs) + c) * taps) + tap] = sum;
        }
    }
}
