using System;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

/// <summary>
/// Convolution as a product of pixels and packed weights, 1x1 or 3x3. Weights are packed when they have changed, turned
/// and transposed too where a backward pass will follow.
/// </summary>
internal sealed class CudaConvolution(CudaBackend backend, int inputs, int outputs, int kernel) : Convolution
{
    private const int Bias = 1;
    private const int Residual = 2;
    private const int PerChannel = 4;
    private const int Normalize = 8;
    private const int ReluBehind = 16;

    // Below this many pixels a launch is over before large tiles pay.
    private const int FewPixels = 4096;
    private const int FewestPixelsPerSplit = 512;
    private const int MostSplits = 256;
    private const int PixelsPerRound = 8;

    private static readonly Tile[] Tiles =
        [new(128, 128, 16, 16), new(128, 64, 8, 16), new(128, 32, 4, 16), new(64, 64, 8, 8)];

    // By precision, then by tile.
    private static readonly string[][] ForwardKernels =
        [Kernels("Convolution.Forward"), Kernels("Tf32Convolution.Forward"), Kernels("Bf16Convolution.Forward")];

    private static readonly string[][] GradientKernels =
        [Kernels("WeightGradient.Sum"), Kernels("Tf32WeightGradient.Sum"), Kernels("Bf16WeightGradient.Sum")];

    private readonly int _taps = kernel * kernel;
    private GpuMemory? _packed;
    private GpuMemory? _packedBackward;
    private VectorSlice? _bias;

    private long PackedFloats => (long)_taps * GpuTensor.Padded(inputs) * GpuTensor.Padded(outputs);

    /// <inheritdoc/>
    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        _bias = bias;
        Pack("Convolution.Pack", weight, ref _packed);
        if (forBackward)
        {
            Pack("Convolution.PackBackward", weight, ref _packedBackward);
        }
    }

    /// <inheritdoc/>
    public override void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y)
    {
        GpuTensor source = (GpuTensor)x.Tensor;
        int flags = NormFlags(x) | (_bias is null ? 0 : Bias) | (terms.Residual is null ? 0 : Residual)
            | (terms.PerChannel is null ? 0 : PerChannel);
        Convolve(
            source, Packed(_packed), (GpuTensor)y, _bias is { } bias ? CudaBackend.View(bias) : backend.Nothing,
            View(terms.Residual), View(terms.PerChannel), Lanes(x), flags);
    }

    /// <inheritdoc/>
    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate) => Convolve(
        (GpuTensor)dy, Packed(_packedBackward), (GpuTensor)dx, backend.Nothing, View(accumulate ? dx : null),
        backend.Nothing, backend.Nothing, accumulate ? Residual : 0);

    /// <inheritdoc/>
    public override void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        (GpuTensor source, GpuTensor gradient) = ((GpuTensor)x.Tensor, (GpuTensor)dy);
        int rows = _taps * source.Pitch;
        int index = GradientTile(rows, source.Pixels);
        Tile tile = Tiles[index];
        (int gridX, int gridY) = (CudaBackend.Groups(rows, tile.Rows), CudaBackend.Groups(outputs, tile.Columns));
        int wanted = Math.Clamp(
            Math.Min(2 * backend.BusyGroups / (gridX * gridY), source.Pixels / FewestPixelsPerSplit), 1, MostSplits);
        int perSplit = CudaBackend.Groups(CudaBackend.Groups(source.Pixels, wanted), PixelsPerRound) * PixelsPerRound;
        int splits = CudaBackend.Groups(source.Pixels, perSplit);
        int sums = (rows + 1) * gradient.Pitch;
        GpuView partial = backend.Workspace((long)splits * sums);
        backend.Launch(
            GradientKernels[(int)backend.Precision][index],
            new LaunchShape(gridX, gridY, splits, tile.GroupX, tile.GroupY), source.View, gradient.View, Lanes(x),
            partial, NormFlags(x), source.Pixels, source.Shape.H, source.Shape.W, inputs, outputs, _taps, perSplit);
        backend.LaunchEach(
            "WeightGradient.Finish", sums, partial, CudaBackend.View(dWeight),
            dBias is { } bias ? CudaBackend.View(bias) : backend.Nothing, inputs, outputs, _taps, splits,
            dBias is not null, sums);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _packed?.Dispose();
            _packedBackward?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Convolve(
        GpuTensor x, GpuView packed, GpuTensor y, GpuView bias, GpuView residual, GpuView perChannel, GpuView lanes,
        int flags)
    {
        int index = ForwardTile(y.Pixels, y.Shape.C);
        Tile tile = Tiles[index];
        LaunchShape shape = new(
            CudaBackend.Groups(y.Pixels, tile.Rows), CudaBackend.Groups(y.Shape.C, tile.Columns), 1, tile.GroupX,
            tile.GroupY);
        backend.Launch(
            ForwardKernels[(int)backend.Precision][index], shape, x.View, packed, y.View, bias, residual, perChannel,
            lanes, flags, y.Pixels, y.Shape.H, y.Shape.W, x.Shape.C, y.Shape.C, _taps);
    }

    /// <summary>The largest tile that leaves enough groups, and is not wider than there are channels.</summary>
    private int ForwardTile(int pixels, int channels)
    {
        for (int i = 0; i < Tiles.Length - 1; i++)
        {
            Tile tile = Tiles[i];
            bool fits = tile.Columns <= 32 || tile.Columns < 2 * channels;
            int groups = CudaBackend.Groups(pixels, tile.Rows) * CudaBackend.Groups(channels, tile.Columns);
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

    private void Pack(string packing, VectorSlice weight, ref GpuMemory? memory)
    {
        memory ??= new GpuMemory(backend.Device, PackedFloats * sizeof(float));
        backend.LaunchEach(
            packing, PackedFloats, CudaBackend.View(weight), Packed(memory), outputs, inputs, _taps, (int)PackedFloats);
    }

    private GpuView Packed(GpuMemory? memory) => new(
        (memory ?? throw new InvalidOperationException("This convolution has no weights for this pass.")).Address,
        PackedFloats);

    private GpuView View(DeviceTensor? tensor) => tensor is null ? backend.Nothing : ((GpuTensor)tensor).View;

    private GpuView Lanes(in NormalizedTensor x) =>
        x.IsNormalized ? CudaBackend.Lanes(x.Saved!, ((GpuTensor)x.Tensor).Pitch) : backend.Nothing;

    private static string[] Kernels(string name) => Array.ConvertAll(Tiles, tile => name + tile);

    private static int NormFlags(in NormalizedTensor x) =>
        x.IsNormalized ? Normalize | (x.Norm.Relu ? ReluBehind : 0) : 0;

    /// <summary>Pixels or weight rows by output channels, and the group that computes them.</summary>
    private readonly record struct Tile(int Rows, int Columns, int GroupX, int GroupY)
    {
        public override string ToString() => $"{Rows}x{Columns}";
    }
}
