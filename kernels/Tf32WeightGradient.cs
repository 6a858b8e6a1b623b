using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The weight gradient on tensor cores in TF32: parameters, tiles, groups and grids are those of <see
/// cref="WeightGradient"/>, whose Finish adds the parts; the multiplication is <see cref="TensorTile"/>'s. The bias's
/// gradient is summed in FP32 from unrounded values. Layout: shared memory [8 pixels][rows + 8] and [8 pixels][outputs
/// + 8]. Launch: as WeightGradient. Roofline share: not yet measured.
/// </summary>
public static class Tf32WeightGradient
{
    /// <summary>64 rows x 64 outputs, 64 threads.</summary>
    public static void Sum64x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)), 8, 8, Operands.Tf32);

    /// <summary>128 rows x 32 outputs, 64 threads.</summary>
    public static void Sum128x32(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (32 + SharedTile.TensorSkew)), 4, 16, Operands.Tf32);

    /// <summary>128 rows x 64 outputs, 128 threads.</summary>
    public static void Sum128x64(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (64 + SharedTile.TensorSkew)), 8, 16, Operands.Tf32);

    /// <summary>128 rows x 128 outputs, 256 threads.</summary>
    public static void Sum128x128(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial,
        ConvolutionFlags flags, int pixels, int height, int width, int inputs, int outputs, int taps,
        int pixelsPerSplit) =>
        WeightGradientBody.Sum(
            x, dy, lanes, partial, flags, pixels, height, width, inputs, outputs, taps, pixelsPerSplit,
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)),
            SharedMemory.Allocate<float>(2 * SharedTile.Depth * (128 + SharedTile.TensorSkew)), 16, 16, Operands.Tf32);
}
