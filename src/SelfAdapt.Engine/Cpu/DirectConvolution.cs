using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// Convolution as its definition has it, 1x1 or 3x3: strips of pixels times panels of output channels; the weight
/// gradient sums outer products. Used where Winograd does not apply, and everywhere on an exact backend.
/// </summary>
internal sealed unsafe class DirectConvolution(CpuBackend backend, int inputs, int outputs, int kernel)
    : CpuConvolution(backend, inputs, outputs, kernel)
{
    // About half of a core's L2 for the rows a task reads, so that every output panel finds them there.
    private const int TaskBytes = 256 * 1024;

    // Partial sums of the weight gradient; fixed, so that the order of summation does not depend on the threads.
    private const int Parts = 16;

    // Product tiles read this many pixels past the last one.
    private const int SlackPixels = 32;

    private int Taps => Kernel * Kernel;

    protected override long PackedFloats(int inputs, int outputs) =>
        (long)Taps * inputs * CpuTensor.BlocksFor(outputs) * Block;

    /// <summary>[panel][tap][input][width].</summary>
    protected override void Pack(WeightView weights, float* packed)
    {
        int blocks = CpuTensor.BlocksFor(weights.Outputs);
        Backend.Pool.For(
            blocks, new PackTask(weights, Taps, (nint)packed, blocks), static (block, task) => task.Run(block));
    }

    protected override void Convolve(Source x, float* packed, int inputs, float* bias, Sum sum)
    {
        CpuTensor y = sum.Target;
        Bands bands = new(Backend, x, Kernel, y.Shape);
        Backend.Pool.For(
            bands.Count, new ConvolveTask(bands, (nint)packed, inputs, (nint)bias, sum),
            static (band, task) => task.Run(band));
    }

    protected override void AddUpWeightGradient(Source x, CpuTensor dy, float* gradient)
    {
        Bands bands = new(Backend, x, Kernel, dy.Shape);
        int parts = Math.Min(Parts, bands.Count);
        nint sumFloats = (nint)Taps * InputBlocks * Block * OutputBlocks * Block;
        float* sums = Backend.Scratch(sumFloats * parts);
        Backend.Pool.For(
            parts, new PartTask(bands, dy, Inputs, parts, Taps, (nint)sums, sumFloats),
            static (part, task) => task.Run(part));
        Backend.Pool.For(
            Outputs, new FinishTask((nint)sums, sumFloats, parts, Inputs, OutputBlocks, Taps, (nint)gradient),
            static (output, task) => task.Run(output));
    }

    /// <summary>The batch cut into bands of rows, read through the normalisation where there is one.</summary>
    private readonly struct Bands
    {
        private readonly CpuBackend _backend;
        private readonly Source _source;
        private readonly TensorShape _shape;
        private readonly int _pad;
        private readonly int _rows;
        private readonly int _perSample;

        public Bands(CpuBackend backend, Source source, int kernel, TensorShape shape)
        {
            (_backend, _source, _shape, _pad) = (backend, source, shape, kernel / 2);
            CpuTensor x = source.Tensor;
            _rows = Math.Clamp(TaskBytes / (x.Blocks * x.RowPixels * Block * sizeof(float)), 1, shape.H);
            _perSample = (shape.H + _rows - 1) / _rows;
        }

        public int Count => _shape.N * _perSample;

        public int Kernel => (2 * _pad) + 1;

        public (int Sample, int First, int Rows) this[int band]
        {
            get
            {
                int first = band % _perSample * _rows;
                return (band / _perSample, first, Math.Min(_rows, _shape.H - first));
            }
        }

        /// <summary>The first interior pixel of a band's first row, and the floats between channel blocks.</summary>
        public float* Read(int band, out nint blockStride)
        {
            (int sample, int first, int rows) = this[band];
            CpuTensor x = _source.Tensor;
            if (!_source.IsNormalized)
            {
                blockStride = (nint)x.PlanePixels * Block;
                return x.Row(sample * x.Blocks, first);
            }

            int held = rows + (2 * _pad);
            blockStride = (nint)held * x.RowPixels * Block;
            nint floats = (x.Blocks * blockStride) + (((nint)SlackPixels + x.RowPixels) * Block);
            float* copy = _backend.WorkerScratch(floats);
            new Span<float>(copy, (int)floats).Clear();
            for (int block = 0; block < x.Blocks; block++)
            {
                for (int i = 0; i < held; i++)
                {
                    int h = first - _pad + i;
                    if (h >= 0 && h < x.Shape.H)
                    {
                        float* to = copy + (block * blockStride) + ((((nint)i * x.RowPixels) + 1) * Block);
                        Kernels.Normalize(
                            x.Row((sample * x.Blocks) + block, h), _source.Norm(block), x.Shape.W, to);
                    }
                }
            }

            return copy + ((((nint)_pad * x.RowPixels) + 1) * Block);
        }
    }

    private readonly struct PackTask(WeightView weights, int taps, nint packed, int blocks)
    {
        public void Run(int block)
        {
            int panelBlocks = Kernels.PanelBlocks;
            int first = block / panelBlocks * panelBlocks;
            int width = Math.Min(panelBlocks, blocks - first) * Block;
            float* target = (float*)packed
                + ((nint)first * Block * taps * weights.Inputs) + ((block - first) * Block);
            for (int tap = 0; tap < taps; tap++)
            {
                for (int c = 0; c < weights.Inputs; c++, target += width)
                {
                    weights.Gather(block, c, tap, target);
                }
            }
        }
    }

    private readonly struct ConvolveTask(Bands bands, nint packed, int inputs, nint bias, Sum sum)
    {
        public void Run(int band)
        {
            CpuTensor y = sum.Target;
            (int sample, int first, int rows) = bands[band];
            float* input = bands.Read(band, out nint blockStride);
            Reduction reduction = new(inputs, blockStride, bands.Kernel, (nint)y.RowPixels * Block);
            int taps = bands.Kernel * bands.Kernel;
            int panelBlocks = Kernels.PanelBlocks;
            float* shift = stackalloc float[panelBlocks * Block];
            for (int block = 0; block < y.Blocks; block += panelBlocks)
            {
                int blocks = Math.Min(panelBlocks, y.Blocks - block);
                for (int b = 0; b < blocks; b++)
                {
                    sum.Shift((float*)bias, sample, block + b, shift + (b * Block));
                }

                float* weights = (float*)packed + ((nint)block * Block * taps * inputs);
                Strip(input, reduction, weights, shift, sample, block, blocks, first, rows);
            }
        }

        /// <summary>
        /// One panel over a band: tile by tile along each row, or, where rows are short, across their ends (the
        /// sums that fall on the border between two rows are skipped).
        /// </summary>
        private void Strip(
            float* input, in Reduction reduction, float* weights, float* shift, int sample, int block, int blocks,
            int first, int rows)
        {
            CpuTensor y = sum.Target;
            int tileRows = Kernels.ProductRows;
            int width = y.Shape.W;
            int wasted = ((width + tileRows - 1) / tileRows * tileRows) - width;
            bool acrossRows = wasted * 8 > width;
            int stretch = acrossRows ? (rows * y.RowPixels) - 2 : width;
            int stretches = acrossRows ? 1 : rows;
            float* buffer = stackalloc float[(tileRows * blocks * Block) + Block];
            float* result = (float*)(((nuint)buffer + 63) & ~(nuint)63);
            for (int i = 0; i < stretches; i++)
            {
                for (int position = 0; position < stretch; position += tileRows)
                {
                    int offset = (i * y.RowPixels) + position;
                    Kernels.Product(blocks, input + ((nint)offset * Block), reduction, weights, shift, 1, result);
                    int count = Math.Min(tileRows, stretch - position);
                    for (int b = 0; b < blocks; b++)
                    {
                        int plane = (sample * y.Blocks) + block + b;
                        Put(result + (b * Block), blocks * Block, plane, first, offset, count, acrossRows);
                    }
                }
            }
        }

        /// <summary>Writes consecutive pixels of one channel block, those on the border left out.</summary>
        private void Put(float* result, int stride, int plane, int row, int offset, int count, bool acrossRows)
        {
            CpuTensor y = sum.Target;
            float* target = y.Row(plane, row) + ((nint)offset * Block);
            float* residual = sum.Residual is { } r ? r.Row(plane, row) + ((nint)offset * Block) : null;
            int column = acrossRows ? offset % y.RowPixels : int.MinValue;
            for (int i = 0; i < count; i++, column++)
            {
                column = column == y.RowPixels ? 0 : column;
                if (column < y.Shape.W)
                {
                    CpuBackend.PutSum(
                        result + (i * stride), residual == null ? null : residual + (i * Block),
                        target + (i * Block));
                }
            }
        }
    }

    /// <summary>Every sixteenth band, into sums of its own: [tap][c][k].</summary>
    private readonly struct PartTask(
        Bands bands, CpuTensor dy, int inputs, int parts, int taps, nint sums, nint sumFloats)
    {
        public void Run(int part)
        {
            float* own = (float*)sums + (part * sumFloats);
            new Span<float>(own, checked((int)sumFloats)).Clear();
            nint width = (nint)dy.Blocks * Block;
            nint tapFloats = sumFloats / taps;
            int inputBlocks = (int)(tapFloats / width / Block);
            int panelBlocks = Kernels.PanelBlocks;
            nint planeFloats = (nint)dy.PlanePixels * Block;
            for (int band = part; band < bands.Count; band += parts)
            {
                (int sample, int first, int rows) = bands[band];
                float* input = bands.Read(band, out nint blockStride);
                int pixels = (rows * dy.RowPixels) - 2;
                for (int tap = 0; tap < taps; tap++)
                {
                    int down = (tap / bands.Kernel) - (bands.Kernel / 2);
                    int right = (tap % bands.Kernel) - (bands.Kernel / 2);
                    float* x = input + ((((nint)down * dy.RowPixels) + right) * Block);
                    for (int c = 0; c < inputBlocks; c++, x += blockStride)
                    {
                        float* target = own + (tap * tapFloats) + (c * Block * width);
                        for (int k = 0; k < dy.Blocks; k += panelBlocks)
                        {
                            Kernels.OuterProduct(
                                Math.Min(panelBlocks, dy.Blocks - k), x, Math.Min(Block, inputs - (c * Block)),
                                dy.Row((sample * dy.Blocks) + k, first), planeFloats, pixels,
                                target + (k * Block), width);
                        }
                    }
                }
            }
        }
    }

    private readonly struct FinishTask(
        nint sums, nint partStride, int parts, int inputs, int outputBlocks, int taps, nint gradient)
    {
        public void Run(int output)
        {
            float* target = (float*)gradient + ((nint)output * inputs * taps);
            nint width = (nint)outputBlocks * Block;
            nint tapFloats = partStride / taps;
            for (int i = 0; i < inputs * taps; i++)
            {
                (int channel, int tap) = (i / taps, i % taps);
                float* source = (float*)sums + (tap * tapFloats) + (channel * width) + output;
                double sum = 0;
                for (int part = 0; part < parts; part++)
                {
                    sum += source[part * partStride];
                }

                target[i] = (float)sum;
            }
        }
    }
}
