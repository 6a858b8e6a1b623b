using System;
using System.Collections.Generic;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>
/// The place where the op set runs. Activations are <see cref="DeviceTensor"/>s in a layout of the backend's own;
/// parameters, gradients, statistics and everything the adaptation computes on are flat
/// <see cref="DeviceVector"/>s. No op reads anything back to the host, so a step can be queued on a device whole.
/// Gradient convention: an input's gradient is written, or added to when <c>accumulate</c> is true; a parameter's
/// gradient is always written. Sums run in a fixed order whatever the number of threads.
/// </summary>
public abstract partial class Backend : IDisposable
{
    /// <summary>A name for logs: what computes, with how many threads.</summary>
    public abstract string Name { get; }

    /// <summary>The embedded backend: any machine, SIMD kernels in C#.</summary>
    /// <param name="threads">Threads that compute; 0: one per processor.</param>
    /// <param name="exact">Direct convolutions: slower, and nearer to other engines' last digits.</param>
    public static Backend Cpu(int threads = 0, bool exact = false) => new CpuBackend(threads, exact);

    /// <summary>Makes a zeroed vector.</summary>
    /// <param name="length">Number of values.</param>
    internal abstract DeviceVector CreateVector(int length);

    /// <summary>Makes a zeroed tensor.</summary>
    /// <param name="shape">Its size.</param>
    internal abstract DeviceTensor CreateTensor(TensorShape shape);

    /// <summary>Bytes that a tensor takes in a block of tensors, a multiple of the alignment it needs.</summary>
    /// <param name="shape">Its size.</param>
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
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="kernel">Kernel size, 1 or 3; stride 1, zero padding that keeps the size.</param>
    internal abstract Convolution CreateConvolution(int inputs, int outputs, int kernel);

    /// <summary>
    /// How many images of a batch to take through a network at once in evaluation, where images do not depend on
    /// each other: all, unless fewer are faster.
    /// </summary>
    /// <param name="batch">Images in the batch.</param>
    /// <param name="height">Image height, px.</param>
    /// <param name="width">Image width, px.</param>
    /// <returns>A divisor of <paramref name="batch"/>.</returns>
    internal virtual int EvaluationSlice(int batch, int height, int width) => batch;

    /// <summary>Reads plain NCHW values into a tensor.</summary>
    /// <param name="source">[N,C,H,W].</param>
    /// <param name="target">Receives the values.</param>
    internal abstract void Import(VectorSlice source, DeviceTensor target);

    /// <summary>Writes a tensor out as plain NCHW values.</summary>
    /// <param name="source">The tensor.</param>
    /// <param name="target">Receives [N,C,H,W].</param>
    internal abstract void Export(DeviceTensor source, VectorSlice target);

    /// <summary>target = source, or target += source.</summary>
    /// <param name="source">Any tensor.</param>
    /// <param name="target">Same shape.</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void Copy(DeviceTensor source, DeviceTensor target, bool accumulate);

    /// <summary>y = a + b.</summary>
    /// <param name="a">Any tensor.</param>
    /// <param name="b">Same shape.</param>
    /// <param name="y">Same shape.</param>
    internal abstract void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y);

    /// <summary>y[n,c,h,w] = x[n,c,h,w] + s[n,c].</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="s">[N,C,1,1].</param>
    /// <param name="y">[N,C,H,W].</param>
    internal abstract void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y);

    /// <summary>ds[n,c] = sum over h,w of dy[n,c,h,w]; dx is dy itself.</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="ds">[N,C,1,1].</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate);

    /// <summary>y = max(x, 0).</summary>
    /// <param name="x">Any tensor.</param>
    /// <param name="y">Same shape.</param>
    internal abstract void Relu(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = dy where y &gt; 0, else 0.</summary>
    /// <param name="y">The forward output.</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="dx">The input's gradient.</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>2x2 maximum, stride 2.</summary>
    /// <param name="x">[N,C,H,W], H and W even.</param>
    /// <param name="y">[N,C,H/2,W/2].</param>
    internal abstract void MaxPool(DeviceTensor x, DeviceTensor y);

    /// <summary>Routes dy to the first maximum of each 2x2 window in row-major order.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="dy">[N,C,H/2,W/2].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>Doubles height and width.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,2H,2W].</param>
    /// <param name="mode">Nearest (each pixel 2x2) or linear (half-pixel centres, edges clamped).</param>
    internal abstract void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode);

    /// <summary>The transpose of <see cref="Upsample"/>.</summary>
    /// <param name="dy">[N,C,2H,2W].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="mode">As in the forward pass.</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate);

    /// <summary>Copies a tensor into a run of channels of a wider one (Concat along channels).</summary>
    /// <param name="x">[N,c,H,W].</param>
    /// <param name="y">[N,C,H,W].</param>
    /// <param name="channel">First channel of y written.</param>
    internal abstract void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel);

    /// <summary>Copies a run of channels out of a wider tensor (Concat's backward).</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="channel">First channel read.</param>
    /// <param name="dx">[N,c,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,c] = mean over h,w of x.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,1,1].</param>
    internal abstract void GlobalAveragePool(DeviceTensor x, DeviceTensor y);

    /// <summary>dx[n,c,h,w] = dy[n,c] / (H*W).</summary>
    /// <param name="dy">[N,C,1,1].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n] = x[n] / |x[n]| per sample; an all-zero sample stays zero.</summary>
    /// <param name="x">[N,C,1,1].</param>
    /// <param name="y">[N,C,1,1].</param>
    internal abstract void L2Normalize(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = (dy - y (y.dy)) / |x| per sample.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="y">The forward output.</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="dx">The input's gradient.</param>
    /// <param name="accumulate">Add instead of write.</param>
    internal abstract void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,o] = b[o] + sum over i of w[o,i] x[n,i].</summary>
    /// <param name="x">[N,I,1,1].</param>
    /// <param name="weight">[O,I].</param>
    /// <param name="bias">[O].</param>
    /// <param name="y">[N,O,1,1].</param>
    internal abstract void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y);

    /// <summary>Gradients of <see cref="Linear"/>.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="weight">[O,I].</param>
    /// <param name="dy">[N,O,1,1].</param>
    /// <param name="dx">[N,I,1,1], or null where no gradient is wanted.</param>
    /// <param name="accumulate">Add to dx instead of writing it.</param>
    /// <param name="dWeight">Receives [O,I].</param>
    /// <param name="dBias">Receives [O].</param>
    internal abstract void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias);

    /// <summary>
    /// The part of batch normalisation that comes before any value is normalised: which mean and deviation to use.
    /// </summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="norm">Parameters, stored statistics and constants.</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) to use, [2,C].</param>
    internal abstract void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved);

    /// <summary>Batch normalisation, with ReLU behind it if asked.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="norm">Parameters, stored statistics and constants.</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) used, [2,C].</param>
    /// <param name="y">[N,C,H,W].</param>
    internal abstract void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y);

    /// <summary>
    /// Gradients of <see cref="BatchNorm"/>. Written, dx may be dy itself: a value is read before its place is written.
    /// </summary>
    /// <param name="x">The forward input.</param>
    /// <param name="norm">As in the forward pass.</param>
    /// <param name="use">As in the forward pass: stored statistics are constants to the gradient.</param>
    /// <param name="saved">What the forward pass saved.</param>
    /// <param name="dy">The output's gradient.</param>
    /// <param name="dx">The input's gradient, or null where none is wanted; dy only without accumulate.</param>
    /// <param name="accumulate">Add to dx instead of writing it.</param>
    /// <param name="dScale">Receives [C].</param>
    /// <param name="dBias">Receives [C].</param>
    internal abstract void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias);

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
}

/// <summary>How <see cref="Backend.Upsample"/> fills the new pixels.</summary>
internal enum UpsampleMode
{
    /// <summary>Each pixel becomes 2x2 (ONNX Resize nearest, asymmetric, floor).</summary>
    Nearest,

    /// <summary>Linear with half-pixel centres (ONNX Resize linear, half_pixel).</summary>
    Linear,
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
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Momentum">Weight of the new batch in the stored statistics (0.05 for Cellpose 3).</param>
/// <param name="Relu">ReLU behind it.</param>
internal readonly record struct BatchNormParameters(
    VectorSlice Scale, VectorSlice Bias, VectorSlice Mean, VectorSlice Variance,
    float Epsilon, float Momentum, bool Relu);

/// <summary>A tensor as a convolution reads it: as it is, or normalised on the way (batch norm, ReLU, convolution).</summary>
/// <param name="Tensor">The values in memory.</param>
/// <param name="Norm">Scale, bias, ReLU; unused without <paramref name="Saved"/>.</param>
/// <param name="Saved">What <see cref="Backend.BatchNormStatistics"/> saved, or null: read as it is.</param>
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

/// <summary>A convolution with its weights prepared: stride 1, zero padding that keeps the size, with bias.</summary>
internal abstract class Convolution : IDisposable
{
    /// <summary>Takes weights; to be called when they have changed.</summary>
    /// <param name="weight">[K,C,k,k]; with <paramref name="forBackward"/> they may be read at every later pass.</param>
    /// <param name="bias">[K], or null.</param>
    /// <param name="forBackward">A backward pass will follow each forward pass, and new weights that.</param>
    public abstract void LoadWeights(VectorSlice weight, VectorSlice? bias, bool forBackward);

    /// <summary>y = norm(x) * w + b + terms; the padding is zero after normalisation.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="terms">What is added.</param>
    /// <param name="y">[N,K,H,W].</param>
    public abstract void Forward(in NormalizedTensor x, in ConvolutionTerms terms, DeviceTensor y);

    /// <summary>
    /// The gradient of what was convolved, norm(x): dy convolved with the turned, transposed weights.
    /// </summary>
    /// <param name="dy">[N,K,H,W].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    public abstract void BackwardData(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>The weights' and bias's gradients.</summary>
    /// <param name="x">The forward input, read as there.</param>
    /// <param name="dy">[N,K,H,W].</param>
    /// <param name="dWeight">Receives [K,C,k,k].</param>
    /// <param name="dBias">Receives [K], or null.</param>
    public abstract void BackwardWeights(
        in NormalizedTensor x, DeviceTensor dy, VectorSlice dWeight, VectorSlice? dBias);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the memory back.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
