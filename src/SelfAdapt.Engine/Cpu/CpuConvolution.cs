namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// What both ways to convolve share: prepared weights, the normalisation applied on reading, the terms added on
/// writing. Backward-data is the forward pass with turned and transposed weights.
/// </summary>
internal abstract unsafe class CpuConvolution : Convolution
{
    protected const int Block = CpuTensor.Block;

    // Padded bias, then the factors of the normalisation, then zeros as long as the bias of backward-data.
    private readonly CpuMemory _small;
    private CpuMemory? _kept;
    private VectorSlice _weight;

    protected CpuConvolution(CpuBackend backend, int inputs, int outputs, int kernel)
    {
        (Backend, Inputs, Outputs, Kernel) = (backend, inputs, outputs, kernel);
        InputBlocks = CpuTensor.BlocksFor(inputs);
        OutputBlocks = CpuTensor.BlocksFor(outputs);
        _small = Take((OutputBlocks * Block) + (InputBlocks * (NormFactors.Floats + Block)));
    }

    protected CpuBackend Backend { get; }

    protected int Inputs { get; }

    protected int Outputs { get; }

    protected int Kernel { get; }

    protected int InputBlocks { get; }

    protected int OutputBlocks { get; }

    protected static CpuKernels Kernels => CpuKernels.Best;

    private float* Bias => (float*)_small.Data;

    private float* Factors => Bias + (OutputBlocks * Block);

    private float* NoBias => Factors + (InputBlocks * NormFactors.Floats);

    /// <summary>
    /// The faster algorithm for a shape: Winograd for every 3x3 kernel (also with few channels, whose transforms
    /// cost less than what direct convolution wastes on empty lanes: see docs/performance.md), except where the
    /// backend is told to be exact.
    /// </summary>
    public static CpuConvolution Create(CpuBackend backend, int inputs, int outputs, int kernel) =>
        kernel == 3 && !backend.Exact
            ? new WinogradConvolution(backend, inputs, outputs)
            : new DirectConvolution(backend, inputs, outputs, kernel);

    public override void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward)
    {
        _weight = weight;
        new Span<float>(Bias, OutputBlocks * Block).Clear();
        if (bias is { } b)
        {
            new Span<float>(CpuBackend.Pointer(b), Outputs).CopyTo(new Span<float>(Bias, Outputs));
        }

        // Weights that train change before they are used again: they are prepared in passing, in scratch memory.
        if (!forBackward)
        {
            _kept ??= Take(PackedFloats(Inputs, Outputs));
            Pack(ForwardWeights(), (float*)_kept.Data);
        }
        else
        {
            _kept?.Dispose();
            _kept = null;
        }
    }

    public override void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y)
    {
        float* packed = _kept is null ? Backend.Scratch(PackedFloats(Inputs, Outputs)) : (float*)_kept.Data;
        if (_kept is null)
        {
            Pack(ForwardWeights(), packed);
        }

        Convolve(
            Read(x), packed, Inputs, Bias,
            new Sum((CpuTensor)y, (CpuTensor?)terms.Residual, (CpuTensor?)terms.PerChannel));
    }

    public override void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        float* packed = Backend.Scratch(PackedFloats(Outputs, Inputs));
        Pack(TurnedWeights(), packed);
        CpuTensor target = (CpuTensor)dx;
        Convolve(
            new Source((CpuTensor)dy, null), packed, Outputs, NoBias,
            new Sum(target, accumulate ? target : null, null));
    }

    public override void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias)
    {
        AddUpWeightGradient(Read(x), (CpuTensor)dy, CpuBackend.Pointer(dWeight));
        if (dBias is { } bias)
        {
            Backend.SumPerChannel((CpuTensor)dy, CpuBackend.Pointer(bias));
        }
    }

    protected abstract long PackedFloats(int inputs, int outputs);

    /// <summary>Brings weights into the order, and the form, in which the kernels read them.</summary>
    protected abstract void Pack(WeightView weights, float* packed);

    /// <summary>Sum = source convolved with packed weights.</summary>
    protected abstract void Convolve(Source x, float* packed, int inputs, float* bias, Sum sum);

    /// <summary>Writes the weights' gradient, [K,C,k,k].</summary>
    protected abstract void AddUpWeightGradient(Source x, CpuTensor dy, float* gradient);

    public override void Dispose()
    {
        _small.Dispose();
        _kept?.Dispose();
    }

    private static CpuMemory Take(long floats) => new(floats * sizeof(float), "prepared weights");

    private WeightView ForwardWeights()
    {
        int taps = Kernel * Kernel;
        return new WeightView(CpuBackend.Pointer(_weight), Inputs, Outputs, taps, Inputs * taps, 0, 1);
    }

    private WeightView TurnedWeights()
    {
        int taps = Kernel * Kernel;
        return new WeightView(CpuBackend.Pointer(_weight), Outputs, Inputs, Inputs * taps, taps, taps - 1, -1);
    }

    private Source Read(in NormalizedTensor x)
    {
        if (!x.IsNormalized)
        {
            return new Source((CpuTensor)x.Tensor, null);
        }

        CpuBackend.FillNormFactors(x.Norm, x.Saved!, Factors);
        return new Source((CpuTensor)x.Tensor, Factors);
    }

    /// <summary>A tensor to read, and the factors of the normalisation to apply on the way, or null.</summary>
    protected readonly struct Source(CpuTensor tensor, float* factors)
    {
        private readonly float* _factors = factors;

        public CpuTensor Tensor { get; } = tensor;

        public bool IsNormalized => _factors != null;

        public NormFactors Norm(int block) =>
            _factors == null ? default : new NormFactors((nint)(_factors + (block * NormFactors.Floats)));
    }

    /// <summary>A tensor to write, and what is added to it on the way.</summary>
    protected readonly record struct Sum(CpuTensor Target, CpuTensor? Residual, CpuTensor? PerChannel)
    {
        /// <summary>Bias plus the sample's own value per channel, 16 floats.</summary>
        public void Shift(float* bias, int sample, int block, float* shift)
        {
            float* own = PerChannel is null ? null : PerChannel.Row((sample * PerChannel.Blocks) + block, 0);
            for (int lane = 0; lane < Block; lane++)
            {
                shift[lane] = bias[(block * Block) + lane] + (own == null ? 0 : own[lane]);
            }
        }
    }

    /// <summary>Weights [K,C,k,k] as one pass reads them: which channels come in, which tap comes first.</summary>
    protected readonly struct WeightView(
        float* data, int inputs, int outputs, nint inputStride, nint outputStride, int firstTap, int tapStep)
    {
        private readonly float* _data = data;

        public int Inputs { get; } = inputs;

        public int Outputs { get; } = outputs;

        /// <summary>Gathers a tap of 16 outputs, zero beyond the last.</summary>
        public void Gather(int block, int input, int tap, float* lanes)
        {
            float* p = _data + (input * inputStride) + firstTap + (tap * tapStep) + (block * Block * outputStride);
            int count = Math.Min(Block, Outputs - (block * Block));
            for (int lane = 0; lane < count; lane++)
            {
                lanes[lane] = p[lane * outputStride];
            }

            for (int lane = Math.Max(0, count); lane < Block; lane++)
            {
                lanes[lane] = 0;
            }
        }
    }
}
