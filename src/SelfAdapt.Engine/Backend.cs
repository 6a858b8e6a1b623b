using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>
/// The place where the op set runs. Activations are <see cref="DeviceTensor"/>s in a layout of the backend's own;
/// parameters, gradients, statistics and everything the adaptation computes on are flat
/// <see cref="DeviceVector"/>s. No op reads anything back to the host, so a step can be queued on a device whole.
/// </summary>
public abstract class Backend : IDisposable
{
    /// <summary>A name for logs: what computes, with how many threads.</summary>
    public abstract string Name { get; }

    /// <summary>The embedded backend: any machine, SIMD kernels in C#.</summary>
    /// <param name="threads">Threads that compute; 0: one per processor.</param>
    /// <param name="exact">Direct convolutions: slower, and nearer to other engines' last digits.</param>
    public static Backend Cpu(int threads = 0, bool exact = false) => new CpuBackend(threads, exact);

    /// <summary>The processes that share a run with this one.</summary>
    internal IRanks Ranks { get; set; } = SingleRank.Instance;

    /// <summary>How batches are divided over <see cref="Ranks"/>; null: a batch is whole here.</summary>
    internal BatchShare? Share { get; set; }

    /// <summary>A network's operators.</summary>
    internal abstract ITensorOperators Operators { get; }

    /// <summary>What the methods compute beside the network.</summary>
    internal abstract IAdaptationSteps Steps { get; }

    /// <summary>Makes a zeroed vector.</summary>
    internal abstract DeviceVector CreateVector(int length);

    /// <summary>Makes a zeroed tensor.</summary>
    internal abstract DeviceTensor CreateTensor(TensorShape shape);

    /// <summary>Bytes that a tensor takes in a block of tensors, a multiple of the alignment it needs.</summary>
    internal abstract long TensorBytes(TensorShape shape);

    /// <summary>
    /// Makes zeroed tensors in one block of memory. Those that overlap are never in use at the same time, and
    /// before one is written whose bytes another has used, <see cref="Prepare"/> is called.
    /// </summary>
    /// <param name="places">Each with the bytes that <see cref="TensorBytes"/> tells.</param>
    internal abstract TensorBlock CreateTensors(IReadOnlyList<TensorPlace> places);

    /// <summary>
    /// Makes a tensor fit to be written after another has used its bytes: all that operations read and never write
    /// is as in a new one.
    /// </summary>
    /// <param name="tensor">Its values are lost.</param>
    internal abstract void Prepare(DeviceTensor tensor);

    /// <summary>Makes a convolution: it keeps the weights in whatever form its kernels read.</summary>
    /// <param name="kernel">Kernel size, 1 or 3; stride 1, zero padding that keeps the size.</param>
    internal abstract Convolution CreateConvolution(int inputs, int outputs, int kernel);

    /// <summary>
    /// How many images of a batch to take through a network at once in evaluation, where images do not depend on
    /// each other: all, unless fewer are faster.
    /// </summary>
    /// <returns>A divisor of <paramref name="batch"/>.</returns>
    internal virtual int EvaluationSlice(int batch, int height, int width) => batch;

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops threads, closes devices.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Samples of the whole batch that these are part of.</summary>
    private protected int SamplesOfAll(int samples) => Share?.Total ?? samples;
}

/// <summary>How <see cref="ITensorOperators.Upsample"/> fills the new pixels.</summary>
internal enum UpsampleMode
{
    /// <summary>Each pixel becomes 2x2 (ONNX Resize nearest, asymmetric, floor).</summary>
    Nearest,

    /// <summary>Linear with half-pixel centres (ONNX Resize linear, half_pixel).</summary>
    Linear,

    /// <summary>Linear from corner to corner (ONNX Resize linear, align_corners).</summary>
    AlignedLinear,
}

/// <summary>Which statistics batch normalisation uses in a pass.</summary>
internal enum NormStatistics
{
    /// <summary>The stored ones, as constants: evaluation, or training with frozen statistics.</summary>
    Stored,

    /// <summary>The batch's, leaving the stored ones alone.</summary>
    Batch,

    /// <summary>The batch's, and the stored ones move towards them (torch's train mode).</summary>
    BatchAndUpdate,
}

/// <summary>One batch normalisation's parameters and constants (torch's and ONNX's definition).</summary>
/// <param name="Scale">[C], trained.</param>
/// <param name="Bias">[C], trained.</param>
/// <param name="Mean">[C], stored running mean.</param>
/// <param name="Variance">[C], stored running variance (unbiased).</param>
/// <param name="Momentum">Weight of the new batch in the stored statistics (0.05 for Cellpose 3).</param>
internal readonly record struct BatchNormParameters(
    VectorSlice Scale, VectorSlice Bias, VectorSlice Mean, VectorSlice Variance,
    float Epsilon, float Momentum, bool Relu);

/// <summary>One group normalisation's parameters and constants (torch's definition).</summary>
/// <param name="Scale">[C], trained.</param>
/// <param name="Bias">[C], trained.</param>
/// <param name="Groups">Groups of neighbouring channels; they divide C.</param>
internal readonly record struct GroupNormParameters(VectorSlice Scale, VectorSlice Bias, int Groups, float Epsilon);

/// <summary>A tensor as a convolution reads it: as it is, or normalised on the way (batch norm, ReLU, convolution).</summary>
/// <param name="Norm">Scale, bias, ReLU; unused without <paramref name="Saved"/>.</param>
/// <param name="Saved">What <see cref="ITensorOperators.BatchNormStatistics"/> saved, or null: read as it is.</param>
internal readonly record struct NormalizedTensor(
    DeviceTensor Tensor, BatchNormParameters Norm = default, DeviceVector? Saved = null)
{
    /// <summary>True where a normalisation is applied.</summary>
    public bool IsNormalized => Saved is not null;
}

/// <summary>What a convolution adds to its sums before it writes them.</summary>
/// <param name="Residual">A value per pixel, shaped as the output, or null.</param>
/// <param name="PerChannel">A value per sample and channel, [N,K,1,1], or null.</param>
internal readonly record struct ConvolutionTerms(DeviceTensor? Residual = null, DeviceTensor? PerChannel = null);

/// <summary>
/// A convolution with its weights prepared: stride 1, zero padding that keeps the size, of [N,C,H,W] to [N,K,H,W] with
/// weights [K,C,k,k] and a bias [K] or none.
/// </summary>
internal abstract class Convolution : IDisposable
{
    /// <summary>Takes weights; to be called when they have changed.</summary>
    /// <param name="weight">With <paramref name="forBackward"/> they may be read at every later pass.</param>
    /// <param name="forBackward">A backward pass will follow each forward pass, and new weights that.</param>
    public abstract void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward);

    /// <summary>y = norm(x) * w + b + terms; the padding is zero after normalisation.</summary>
    public abstract void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y);

    /// <summary>
    /// The gradient of what was convolved, norm(x): dy convolved with the turned, transposed weights.
    /// </summary>
    public abstract void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>The weights' and bias's gradients.</summary>
    public abstract void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias);

    public abstract void Dispose();
}
