using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// The arithmetic of convolutions, compiled for one instruction set: what is picked at run time. Granularity is a
/// run of rows or tiles, so that the virtual call does not show.
/// </summary>
internal abstract unsafe class CpuKernels
{
    /// <summary>The widest kernels that this processor runs.</summary>
    public static CpuKernels Best { get; } =
        Vector512.IsHardwareAccelerated
            ? new CpuKernels<
                Simd512, Vector512<float>,
                ProductTile14x2<Simd512, Vector512<float>>, ProductTile14x1<Simd512, Vector512<float>>,
                OuterProductTile8x2<Simd512, Vector512<float>>, OuterProductTile8x1<Simd512, Vector512<float>>>()
        : Vector256.IsHardwareAccelerated && Fma.IsSupported
            ? new CpuKernels<
                Simd256, Vector256<float>,
                ProductTile6x2<Simd256, Vector256<float>>, ProductTile6x2<Simd256, Vector256<float>>,
                OuterProductTile4x2<Simd256, Vector256<float>>, OuterProductTile4x2<Simd256, Vector256<float>>>()
            : new CpuKernels<
                Simd128, Vector128<float>,
                ProductTile6x4<Simd128, Vector128<float>>, ProductTile6x4<Simd128, Vector128<float>>,
                OuterProductTile4x4<Simd128, Vector128<float>>, OuterProductTile4x4<Simd128, Vector128<float>>>();

    /// <summary>Rows that a product computes at once; fewer are rounded up.</summary>
    public abstract int ProductRows { get; }

    /// <summary>Channel blocks of a full panel of outputs: 1 or 2.</summary>
    public abstract int PanelBlocks { get; }

    /// <summary>result[row][lane] = bias[lane] + sum over the reduction of input x weights.</summary>
    /// <param name="blocks">Channel blocks of this panel, at most <see cref="PanelBlocks"/>.</param>
    /// <param name="input">First row, first channel block; rows 16 floats apart.</param>
    /// <param name="weights">[tap][channel][lanes].</param>
    /// <param name="bias">[lanes].</param>
    /// <param name="rows">Number of rows; up to a whole tile more are read and written.</param>
    /// <param name="result">Receives [rows][lanes].</param>
    public abstract void Product(
        int blocks, float* input, in Reduction reduction, float* weights, float* bias, int rows, float* result);

    /// <summary>sums[channel][lane] += sum over rows of x[row][channel] x dy[row][lane].</summary>
    /// <param name="x">First row of one channel block of the input; rows 16 floats apart.</param>
    /// <param name="channels">Channels wanted; whole tiles are computed, so sums need room for 16.</param>
    /// <param name="dy">First row of the gradient's first channel block.</param>
    /// <param name="blockStride">Floats from one of the gradient's channel blocks to the next.</param>
    /// <param name="sums">[channel][lanes].</param>
    /// <param name="channelStride">Floats from a channel's sums to the next.</param>
    public abstract void OuterProduct(
        int blocks, float* x, int channels, float* dy, nint blockStride, int rows, float* sums, nint channelStride);

    /// <summary>Copies pixels of one channel block, normalised on the way.</summary>
    /// <param name="from">[pixels][16].</param>
    /// <param name="to">Receives [pixels][16].</param>
    public abstract void Normalize(float* from, NormFactors norm, int pixels, float* to);

    /// <summary>Winograd's input transform of consecutive tiles of a pixel row, 16 channels.</summary>
    /// <param name="pixels">Top left pixel of the first tile's 6x6 neighbourhood.</param>
    /// <param name="norm">What to apply to the pixels, or default.</param>
    /// <param name="tiles">Number of tiles, 4 pixels apart.</param>
    /// <param name="target">Receives [tile][16] for each of the 36 points.</param>
    public abstract void WinogradInput(
        float* pixels, nint rowStride, NormFactors norm, int tiles, float* target, nint pointStride);

    /// <summary>Winograd's output transform of consecutive tiles of a pixel row, 16 channels.</summary>
    /// <param name="source">[tile][lanes] for each of the 36 points.</param>
    /// <param name="target">Top left pixel of the first tile's 4x4 outputs.</param>
    /// <param name="shift">[16], added to every pixel.</param>
    /// <param name="residual">Added pixel by pixel, laid out as the target (it may be the target); or null.</param>
    /// <param name="through">Write past the caches: the target is too large to be found there later.</param>
    public abstract void WinogradOutput(
        float* source, nint pointStride, nint tileStride, int tiles, float* target, nint rowStride, float* shift,
        float* residual, bool through);

    /// <summary>Winograd's transform of an output gradient's 4x4 tiles, 16 channels, for the weight gradient.</summary>
    /// <param name="pixels">Top left pixel of the first tile.</param>
    /// <param name="tiles">Number of tiles, 4 pixels apart.</param>
    /// <param name="target">Receives [tile][16] for each of the 36 points.</param>
    public abstract void WinogradGradient(
        float* pixels, nint rowStride, int tiles, float* target, nint pointStride);

    /// <summary>Winograd's transform of 3x3 weights, 16 at a time.</summary>
    /// <param name="weights">[tap][16].</param>
    /// <param name="target">Receives 16 values for each of the 36 points.</param>
    public abstract void WinogradWeights(float* weights, float* target, nint pointStride);

    /// <summary>The last transform of the weight gradient: 6x6 sums of products to 3x3 taps, 16 at a time.</summary>
    /// <param name="sums">16 values for each of the 36 points.</param>
    /// <param name="target">Receives [tap][16].</param>
    public abstract void WinogradWeightGradient(float* sums, nint pointStride, float* target);
}

/// <summary>The kernels over one vector width and its tiles.</summary>
/// <typeparam name="TProduct">Product tile of a full panel.</typeparam>
/// <typeparam name="TLastProduct">Product tile of one channel block.</typeparam>
/// <typeparam name="TOuter">Outer product tile of a full panel.</typeparam>
/// <typeparam name="TLastOuter">Outer product tile of one channel block.</typeparam>
internal sealed unsafe class CpuKernels<TSimd, TVector, TProduct, TLastProduct, TOuter, TLastOuter>
    : WinogradKernels<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
    where TProduct : struct, IProductTile
    where TLastProduct : struct, IProductTile
    where TOuter : struct, IOuterProductTile
    where TLastOuter : struct, IOuterProductTile
{
    private const int Block = CpuTensor.Block;

    public override int ProductRows => TProduct.Rows;

    public override int PanelBlocks => TProduct.Columns / Block;

    public override void Product(
        int blocks, float* input, in Reduction reduction, float* weights, float* bias, int rows, float* result)
    {
        for (int row = 0; row < rows; row += TProduct.Rows)
        {
            if (blocks == PanelBlocks)
            {
                TProduct.Run(input + (row * Block), reduction, weights, bias, result + (row * TProduct.Columns));
            }
            else
            {
                TLastProduct.Run(
                    input + (row * Block), reduction, weights, bias, result + (row * TLastProduct.Columns));
            }
        }
    }

    public override void OuterProduct(
        int blocks, float* x, int channels, float* dy, nint blockStride, int rows, float* sums, nint channelStride)
    {
        for (int c = 0; c < channels; c += TOuter.Channels)
        {
            if (blocks == PanelBlocks)
            {
                TOuter.Run(x + c, dy, blockStride, rows, sums + (c * channelStride), channelStride);
            }
            else
            {
                TLastOuter.Run(x + c, dy, blockStride, rows, sums + (c * channelStride), channelStride);
            }
        }
    }

    public override void Normalize(float* from, NormFactors norm, int pixels, float* to)
    {
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            Normalizer<TSimd, TVector> normalizer = new(norm, lane);
            for (int i = lane; i < pixels * Block; i += Block)
            {
                TSimd.Store(normalizer.Apply(TSimd.Load(from + i)), to + i);
            }
        }
    }
}
