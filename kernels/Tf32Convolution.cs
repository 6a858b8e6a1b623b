using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Convolution on tensor cores in TF32: parameters, tiles, groups and grids are those of <see cref="Convolution"/>, the
/// multiplication is <see cref="TensorTile"/>'s. Operands are rounded to 11 significant bits on their way into shared
/// memory (squared error about 1e-7 of the result's square), sums and everything behind them are FP32. Layout: shared
/// memory [8 steps][pixels + 8] and [8 steps][outputs + 8]: a warp's fragment falls into 32 banks. Launch: as
/// Convolution. Roofline share: not yet measured.
/// </summary>
public static class Tf32Convolution
{
    /// <summary>64 pixels x 64 channels, 64 threads: small images.</summary>
    public static void Forward64x64(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps) =>
        ConvolutionBody.Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)), 8, 8, Operands.Tf32);

    /// <summary>128 pixels x 32 channels, 64 threads: few channels.</summary>
    public static void Forward128x32(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps) =>
        ConvolutionBody.Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (32 + SharedTile.TensorSkew)), 4, 16, Operands.Tf32);

    /// <summary>128 pixels x 64 channels, 128 threads.</summary>
    public static void Forward128x64(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps) =>
        ConvolutionBody.Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)), 8, 16, Operands.Tf32);

    /// <summary>128 pixels x 128 channels, 256 threads.</summary>
    public static void Forward128x128(
        ArrayView<float> x, ArrayView<float> packed, ArrayView<float> y, ArrayView<float> bias,
        ArrayView<float> residual, ArrayView<float> perChannel, ArrayView<float> lanes, ConvolutionFlags flags,
        int pixels, int height, int width, int inputs, int outputs, int taps) =>
        ConvolutionBody.Forward(
            x, packed, y, bias, residual, perChannel, lanes, flags, pixels, height, width, inputs, outputs, taps,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)), 16, 16, Operands.Tf32);
}
