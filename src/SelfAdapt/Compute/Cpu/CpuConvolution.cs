using System;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// Direct convolution in the blocked layout: forward and backward-data share one kernel (the latter with turned
/// and transposed weights), backward-weights sums outer products.
/// </summary>
internal sealed unsafe class CpuConvolution : Convolution
{
    private const int Block = CpuTensor.Block;

    // About half of a core's L2 for the rows a task reads, so that every output group finds them there.
    private const int TaskBytes = 256 * 1024;

    // Partial sums of the weight gradient; fixed, so that the order of summation does not depend on the threads.
    private const int GradientLanes = 8;

    private static readonly bool Wide = Vector512.IsHardwareAccelerated;

    private readonly CpuBackend _backend;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly int _kernel;
    private readonly PackedWeights _forward;
    private readonly PackedWeights _backward;

    public CpuConvolution(CpuBackend backend, int inputs, int outputs, int kernel)
    {
        (_backend, _inputs, _outputs, _kernel) = (backend, inputs, outputs, kernel);
        _forward = new PackedWeights(inputs, outputs, kernel);
        _backward = new PackedWeights(outputs, inputs, kernel);
    }

    private int Taps => _kernel * _kernel;

    /// <inheritdoc/>
    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        float* w = CpuBackend.Pointer(weight);
        int taps = Taps;
        int inputs = _inputs;
        _forward.Fill(_backend.Pool, (k, c, tap) => w[(((k * inputs) + c) * taps) + tap]);
        _forward.FillBias(bias is { } b ? CpuBackend.Pointer(b) : null);
        if (forBackward)
        {
            _backward.Fill(_backend.Pool, (c, k, tap) => w[(((k * inputs) + c) * taps) + taps - 1 - tap]);
            _backward.FillBias(null);
        }
    }

    /// <inheritdoc/>
    public override void Forward(DeviceTensor x, DeviceTensor y) =>
        Convolve((CpuTensor)x, _forward, (CpuTensor)y, false);

    /// <inheritdoc/>
    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate) =>
        Convolve((CpuTensor)dy, _backward, (CpuTensor)dx, accumulate);

    /// <inheritdoc/>
    public override void BackwardWeights(DeviceTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        CpuTensor input = (CpuTensor)x;
        CpuTensor gradient = (CpuTensor)dy;
        int rows = RowsPerTask(Math.Max(input.Blocks, 2), gradient.RowPixels, gradient.Shape.H);
        int bandsPerSample = (gradient.Shape.H + rows - 1) / rows;
        int bands = bandsPerSample * gradient.Shape.N;
        int lanes = Math.Min(GradientLanes, bands);
        int slab = _inputs * Taps * Block;
        int rounded = (_inputs + Block - 1) / Block * Block * Taps * Block;
        float* sums = _backend.Scratch((long)lanes * gradient.Blocks * rounded);

        _backend.Pool.For(lanes * gradient.Blocks, (task) =>
        {
            (int lane, int block) = (task / gradient.Blocks, task % gradient.Blocks);
            float* own = sums + ((long)task * rounded);
            new Span<float>(own, rounded).Clear();
            for (int band = lane; band < bands; band += lanes)
            {
                int first = band % bandsPerSample * rows;
                int count = Math.Min(rows, gradient.Shape.H - first);
                AddBand(input, gradient, band / bandsPerSample, block, first, count, own);
            }
        });

        float* target = CpuBackend.Pointer(dWeight);
        _backend.Pool.For(gradient.Blocks, (block) =>
        {
            for (int i = 0; i < slab; i++)
            {
                int k = (block * Block) + (i % Block);
                if (k < _outputs)
                {
                    double sum = 0;
                    for (int lane = 0; lane < lanes; lane++)
                    {
                        sum += sums[((((long)lane * gradient.Blocks) + block) * rounded) + i];
                    }

                    // sums are [channel][tap][lane]; the parameter is [k][channel][tap].
                    target[(k * _inputs * Taps) + (i / Block)] = (float)sum;
                }
            }
        });

        if (dBias is { } bias)
        {
            _backend.SumPerChannel(gradient, CpuBackend.Pointer(bias));
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _forward.Dispose();
        _backward.Dispose();
        base.Dispose(disposing);
    }

    private static int RowsPerTask(int blocks, int rowPixels, int height) =>
        Math.Clamp(TaskBytes / (blocks * rowPixels * Block * sizeof(float)), 1, height);

    private void Convolve(CpuTensor x, PackedWeights weights, CpuTensor y, bool accumulate)
    {
        int rows = RowsPerTask(x.Blocks, x.RowPixels, y.Shape.H);
        int chunks = (y.Shape.H + rows - 1) / rows;
        _backend.Pool.For(y.Shape.N * chunks, (task) =>
        {
            (int n, int first) = (task / chunks, task % chunks * rows);
            int count = Math.Min(rows, y.Shape.H - first);
            for (int block = 0; block < y.Blocks;)
            {
                if (Wide && block + 1 < y.Blocks)
                {
                    ConvolveRows<Tile14x32>(x, weights, y, n, block, first, count, accumulate);
                    block += 2;
                }
                else if (Wide)
                {
                    ConvolveRows<Tile14x16>(x, weights, y, n, block, first, count, accumulate);
                    block++;
                }
                else
                {
                    ConvolveRows<Tile6x16>(x, weights, y, n, block, first, count, accumulate);
                    block++;
                }
            }
        });
    }

    /// <summary>One sample, one group of output channels, some rows.</summary>
    private static void ConvolveRows<TTile>(
        CpuTensor x, PackedWeights weights, CpuTensor y, int n, int block, int row, int rows, bool accumulate)
        where TTile : IConvolutionTile
    {
        ConvolutionReduction reduction = new(
            weights.Inputs, (nint)x.PlanePixels * Block, weights.Kernel, (nint)x.RowPixels * Block);
        float* packed = weights.Group(block);
        float* bias = weights.Bias + (block * Block);
        float* buffer = stackalloc float[(TTile.Pixels * TTile.Lanes) + Block];
        float* result = (float*)(((nuint)buffer + 63) & ~(nuint)63);

        int width = y.RowPixels;
        int position = ((row + 1) * width) + 1;
        int end = ((row + rows) * width) + width - 1;
        for (int column = 1; position < end;)
        {
            TTile.Run(x.Plane(n, 0) + ((nint)position * Block), reduction, packed, bias, result);
            for (int i = 0; i < TTile.Pixels && position < end; i++, position++)
            {
                if (column > 0 && column < width - 1)
                {
                    for (int lane = 0; lane < TTile.Lanes; lane += Block)
                    {
                        CpuBackend.Put(
                            y.Plane(n, block + (lane / Block)) + ((nint)position * Block),
                            Vector512.Load(result + (i * TTile.Lanes) + lane), accumulate);
                    }
                }

                column = column + 1 == width ? 0 : column + 1;
            }
        }
    }

    private void AddBand(
        CpuTensor x, CpuTensor dy, int n, int block, int row, int rows, float* sums)
    {
        if (_kernel == 3 && Wide)
        {
            AddBand<Outer3x8>(x, dy, n, block, row, rows, sums);
        }
        else if (_kernel == 3)
        {
            AddBand<Outer3x2>(x, dy, n, block, row, rows, sums);
        }
        else if (Wide)
        {
            AddBand<Outer1x16>(x, dy, n, block, row, rows, sums);
        }
        else
        {
            AddBand<Outer1x4>(x, dy, n, block, row, rows, sums);
        }
    }

    /// <summary>Adds one band of rows of one sample to the sums of one block of output channels.</summary>
    private void AddBand<TTile>(CpuTensor x, CpuTensor dy, int n, int block, int row, int rows, float* sums)
        where TTile : IOuterProductTile
    {
        int first = ((row + 1) * dy.RowPixels) + 1;
        int pixels = (rows * dy.RowPixels) - 2;
        float* g = dy.Plane(n, block) + ((nint)first * Block);
        int pad = _kernel / 2;
        for (int c = 0; c < _inputs; c += TTile.Channels)
        {
            float* plane = x.Plane(n, c / Block) + (c % Block);
            for (int kh = 0; kh < _kernel; kh++)
            {
                nint corner = first + ((kh - pad) * x.RowPixels) - pad;
                float* target = sums + (((c * Taps) + (kh * _kernel)) * Block);
                TTile.Run(plane + (corner * Block), g, pixels, target, Block, (nint)Taps * Block);
            }
        }
    }

    /// <summary>Weights in the order in which the tiles read them.</summary>
    private sealed class PackedWeights : IDisposable
    {
        private readonly int _outputs;
        private readonly int _blocks;
        private float* _data;

        public PackedWeights(int inputs, int outputs, int kernel)
        {
            (Inputs, _outputs, Kernel) = (inputs, outputs, kernel);
            _blocks = (outputs + Block - 1) / Block;
            nuint floats = (nuint)(_blocks * Block * ((inputs * kernel * kernel) + 1));
            _data = (float*)NativeMemory.AlignedAlloc(floats * sizeof(float), 64);
            NativeMemory.Clear(_data, floats * sizeof(float));
        }

        ~PackedWeights() => Free();

        public int Inputs { get; }

        public int Kernel { get; }

        /// <summary>[blocks x 16], zero beyond the outputs.</summary>
        public float* Bias => _data + ((nint)_blocks * Block * Inputs * Kernel * Kernel);

        /// <summary>The weights of a group of output channels, [tap][input][lanes].</summary>
        public float* Group(int block) => _data + ((nint)block * Block * Inputs * Kernel * Kernel);

        /// <summary>Packs: weight(output, input, tap).</summary>
        public void Fill(WorkerPool pool, Func<int, int, int, float> weight)
        {
            int taps = Kernel * Kernel;
            int pairs = (_blocks + 1) / 2;
            pool.For(Wide ? pairs : _blocks, (group) =>
            {
                int block = Wide ? group * 2 : group;
                int lanes = Wide && block + 1 < _blocks ? 2 * Block : Block;
                float* p = Group(block);
                for (int tap = 0; tap < taps; tap++)
                {
                    for (int c = 0; c < Inputs; c++)
                    {
                        for (int lane = 0; lane < lanes; lane++)
                        {
                            int k = (block * Block) + lane;
                            *p++ = k < _outputs ? weight(k, c, tap) : 0;
                        }
                    }
                }
            });
        }

        public void FillBias(float* bias)
        {
            for (int k = 0; k < _outputs; k++)
            {
                Bias[k] = bias == null ? 0 : bias[k];
            }
        }

        public void Dispose()
        {
            Free();
            GC.SuppressFinalize(this);
        }

        private void Free()
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
        }
    }
}
