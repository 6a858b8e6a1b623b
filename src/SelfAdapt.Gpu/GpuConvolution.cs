using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Kernels;
using ForwardKernel = System.Action<ILGPU.ArrayView<float>, ILGPU.ArrayView<float>, ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>, ILGPU.ArrayView<float>, ILGPU.ArrayView<float>, ILGPU.ArrayView<float>,
    SelfAdapt.Kernels.ConvolutionFlags, int, int, int, int, int, int>;
using GradientKernel = System.Action<ILGPU.ArrayView<float>, ILGPU.ArrayView<float>, ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>, SelfAdapt.Kernels.ConvolutionFlags, int, int, int, int, int, int, int>;
using PackKernel = System.Action<ILGPU.ArrayView<float>, ILGPU.ArrayView<float>, int, int, int, int>;

namespace SelfAdapt.Gpu;

/// <summary>
/// Convolution as a product of pixels and packed weights, 1x1 or 3x3. Weights are packed when they have changed, turned
/// and transposed too where a backward pass will follow.
/// </summary>
internal sealed class GpuConvolution(GpuBackend backend, int inputs, int outputs, int kernel)
    : Engine.Convolution
{
    // Below this many pixels a launch is over before large tiles pay.
    private const int FewPixels = 4096;
    private const int FewestPixelsPerSplit = 512;
    private const int MostSplits = 256;
    private const int PixelsPerRound = 8;

    private static readonly Tile[] Tiles =
        [Tile.Of<Tile128x128>(), Tile.Of<Tile128x64>(), Tile.Of<Tile128x32>(), Tile.Of<Tile64x64>()];

    private readonly int _taps = kernel * kernel;
    private GpuMemory? _packed;
    private GpuMemory? _packedBackward;
    private VectorSlice? _bias;

    private long PackedFloats => (long)_taps * GpuTensor.Padded(inputs) * GpuTensor.Padded(outputs);

    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        _bias = bias;
        Pack(Kernels.Convolution.Pack, weight, ref _packed);
        if (forBackward)
        {
            Pack(Kernels.Convolution.PackBackward, weight, ref _packedBackward);
        }
    }

    public override void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y)
    {
        GpuTensor source = (GpuTensor)x.Tensor;
        ConvolutionFlags flags = NormFlags(x) | If(_bias is not null, ConvolutionFlags.Bias)
            | If(terms.Residual is not null, ConvolutionFlags.Residual)
            | If(terms.PerChannel is not null, ConvolutionFlags.PerChannel);
        Convolve(
            source, Packed(_packed), (GpuTensor)y, _bias is { } bias ? GpuBackend.View(bias) : backend.Nothing,
            View(terms.Residual), View(terms.PerChannel), Factors(x), flags);
    }

    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate) => Convolve(
        (GpuTensor)dy, Packed(_packedBackward), (GpuTensor)dx, backend.Nothing, View(accumulate ? dx : null),
        backend.Nothing, backend.Nothing, If(accumulate, ConvolutionFlags.Residual));

    public override void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        (GpuTensor source, GpuTensor gradient) = ((GpuTensor)x.Tensor, (GpuTensor)dy);
        int rows = _taps * source.Pitch;
        Tile tile = Tiles[GradientTile(rows, source.Pixels)];
        (int gridX, int gridY) = (GpuBackend.Parts(rows, tile.Rows), GpuBackend.Parts(outputs, tile.Columns));
        int wanted = Math.Clamp(
            Math.Min(2 * backend.BusyGroups / (gridX * gridY), source.Pixels / FewestPixelsPerSplit), 1, MostSplits);
        int perSplit = GpuBackend.Parts(GpuBackend.Parts(source.Pixels, wanted), PixelsPerRound) * PixelsPerRound;
        int splits = GpuBackend.Parts(source.Pixels, perSplit);
        int sums = (rows + 1) * gradient.Pitch;
        ArrayView<float> partial = backend.Workspace((long)splits * sums);
        backend.Launch(
            tile.Gradient[(int)backend.Precision], GpuBackend.Shape((gridX, gridY, splits), tile.Group), source.View,
            gradient.View, Factors(x), partial, NormFlags(x), source.Pixels, source.Shape.H, source.Shape.W, inputs,
            outputs, _taps, perSplit);
        backend.Launch(
            WeightGradient.Finish, backend.Each(sums), partial, GpuBackend.View(dWeight),
            dBias is { } bias ? GpuBackend.View(bias) : backend.Nothing, inputs, outputs, _taps, splits,
            dBias is null ? 0 : 1, sums);
    }

    public override void Dispose()
    {
        _packed?.Dispose();
        _packedBackward?.Dispose();
    }

    private void Convolve(
        GpuTensor x, ArrayView<float> packed, GpuTensor y, ArrayView<float> bias, ArrayView<float> residual,
        ArrayView<float> perChannel, ArrayView<float> lanes,
        ConvolutionFlags flags)
    {
        Tile tile = Tiles[ForwardTile(y.Pixels, y.Shape.C)];
        KernelConfig shape = GpuBackend.Shape(
            (GpuBackend.Parts(y.Pixels, tile.Rows), GpuBackend.Parts(y.Shape.C, tile.Columns), 1), tile.Group);
        backend.Launch(
            tile.Forward[(int)backend.Precision], shape, x.View, packed, y.View, bias, residual, perChannel,
            lanes, flags, y.Pixels, y.Shape.H, y.Shape.W, x.Shape.C, y.Shape.C, _taps);
    }

    /// <summary>The largest tile that leaves enough groups, and is not wider than there are channels.</summary>
    private int ForwardTile(int pixels, int channels)
    {
        for (int i = 0; i < Tiles.Length - 1; i++)
        {
            Tile tile = Tiles[i];
            bool fits = tile.Columns <= 32 || tile.Columns < 2 * channels;
            int groups = GpuBackend.Parts(pixels, tile.Rows) * GpuBackend.Parts(channels, tile.Columns);
            if (fits && groups >= backend.BusyGroups)
            {
                return i;
            }
        }

        return Tiles.Length - 1;
    }

    /// <summary>As the forward pass, but splits make the groups.</summary>
    private int GradientTile(int rows, int pixels) =>
        pixels < FewPixels && backend.BusyGroups > 1 ? Tiles.Length - 1
        : rows < Tiles[0].Rows ? Tiles.Length - 1
        : outputs <= 32 ? 2
        : outputs <= 64 ? 1
        : 0;

    private void Pack(PackKernel packing, VectorSlice weight, ref GpuMemory? memory)
    {
        memory ??= new GpuMemory(backend.Device, PackedFloats);
        backend.Launch(
            packing, backend.Each(PackedFloats), GpuBackend.View(weight), Packed(memory), outputs, inputs, _taps,
            (int)PackedFloats);
    }

    private ArrayView<float> Packed(GpuMemory? memory) =>
        (memory ?? throw new InvalidOperationException("This convolution has no weights for this pass."))
        .View(0, PackedFloats);

    private ArrayView<float> View(DeviceTensor? tensor) => tensor is null ? backend.Nothing : ((GpuTensor)tensor).View;

    private ArrayView<float> Factors(in NormalizedTensor x) =>
        x.IsNormalized ? GpuBackend.Factors(x.Saved!, ((GpuTensor)x.Tensor).Pitch) : backend.Nothing;

    private static ConvolutionFlags NormFlags(in NormalizedTensor x) =>
        If(x.IsNormalized, ConvolutionFlags.Normalize) | If(x.IsNormalized && x.Norm.Relu, ConvolutionFlags.Relu);

    private static ConvolutionFlags If(bool set, ConvolutionFlags flag) => set ? flag : ConvolutionFlags.None;

    /// <summary>Pixels or weight rows by channels, 8 by 8 per thread, and what computes them by precision.</summary>
    private sealed record Tile((int X, int Y) Group, ForwardKernel[] Forward, GradientKernel[] Gradient)
    {
        public int Rows => 8 * Group.Y;

        public int Columns => 8 * Group.X;

        public static Tile Of<TTile>()
            where TTile : struct, ITile => new(
                (default(TTile).GroupX, default(TTile).GroupY),
                [
                    Kernels.Convolution.Forward<TTile, Fp32>, Kernels.Convolution.Forward<TTile, Tf32>,
                    Kernels.Convolution.Forward<TTile, Bf16>,
                ],
                [
                    WeightGradient.Sum<TTile, Fp32>, WeightGradient.Sum<TTile, Tf32>,
                    WeightGradient.Sum<TTile, Bf16>,
                ]);
    }
}
