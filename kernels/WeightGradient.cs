using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution's gradient of weights and bias: dw[t, c, k] = sum over pixels p of f(x[p + shift(t), c]) dy[p, k], db[k]
/// = sum of dy[p, k], f as in <see cref="Convolution"/>. A matrix multiplication whose rows are (tap, channel), whose
/// columns are output channels and whose depth is the pixels, split over the grid's z; the parts are added in their
/// order, so the bits do not depend on which group ends first. Layout: partial [splits][taps * pitch(C) + 1][pitch(K)],
/// the last row the bias's; both operands lie as they are read, pixel by pixel, so shared memory takes whole quads.
/// Slices, double buffer and tiles as in Convolution. Launch: Sum{A}x{B}: group (B/8, A/8), grid (rows/A, outputs/B,
/// splits), rounded up. Finish: a thread per value of a part. Roofline share: not yet measured.
/// </summary>
public static class WeightGradient
{
    /// <summary>64 rows x 64 outputs, 64 threads.</summary>
    public static void Sum64x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.RowSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 8, Operands.Fp32);

    /// <summary>128 rows x 32 outputs, 64 threads.</summary>
    public static void Sum128x32(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.RowSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 32), 4, 16, Operands.Fp32);

    /// <summary>128 rows x 64 outputs, 128 threads.</summary>
    public static void Sum128x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.RowSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 64), 8, 16, Operands.Fp32);

    /// <summary>128 rows x 128 outputs, 256 threads.</summary>
    public static void Sum128x128(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.RowSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * 128), 16, 16, Operands.Fp32);

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
