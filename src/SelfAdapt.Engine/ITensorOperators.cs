using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>
/// A network's operators on a backend, each forward and backward: x and y are what goes in and comes out, dx and dy
/// their gradients. Tensors are [N,C,H,W], all of one shape where nothing else is said; plain vectors are row-major. An
/// input's gradient is written, or added to when <c>accumulate</c> is true, and not computed where it may be null and
/// is; a parameter's gradient is always written. Sums run in a fixed order whatever the number of threads.
/// </summary>
internal interface ITensorOperators
{
    /// <summary>Reads plain NCHW values.</summary>
    void Import(VectorSlice source, DeviceTensor target);

    /// <summary>Writes plain NCHW values.</summary>
    void Export(DeviceTensor source, VectorSlice target);

    /// <summary>target = source, or target += source.</summary>
    void Copy(DeviceTensor source, DeviceTensor target, bool accumulate);

    /// <summary>y = a + b.</summary>
    void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y);

    /// <summary>y = a b, or y += a b; its backward is the same of dy and the other factor.</summary>
    void Multiply(DeviceTensor a, DeviceTensor b, DeviceTensor y, bool accumulate);

    /// <summary>y[n,c,h,w] = x[n,c,h,w] + s[n,c]; s is [N,C,1,1].</summary>
    void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y);

    /// <summary>ds[n,c] = sum over h,w of dy[n,c,h,w]; dx is dy itself.</summary>
    void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate);

    /// <summary>y[n,c,h,w] = s[n,c] x[n,c,h,w], or added; s is [N,C,1,1]. dx is the same of dy.</summary>
    void MultiplyPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y, bool accumulate);

    /// <summary>ds[n,c] = sum over h,w of dy[n,c,h,w] x[n,c,h,w].</summary>
    void MultiplyPerChannelBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor ds, bool accumulate);

    /// <summary>y = x where it is above 0, else slope x; one slope per channel, or one for all.</summary>
    void PRelu(DeviceTensor x, VectorSlice slope, DeviceTensor y);

    /// <summary>Gradients of <see cref="PRelu"/>.</summary>
    void PReluBackward(
        DeviceTensor x, VectorSlice slope, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dSlope);

    /// <summary>y = max(x, 0).</summary>
    void Relu(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = dy where y &gt; 0, else 0.</summary>
    void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y = f(x).</summary>
    void Apply(DeviceTensor x, DeviceTensor y, ElementFunction function);

    /// <summary>dx = f'(x) dy.</summary>
    void ApplyBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, ElementFunction function, bool accumulate);

    /// <summary>The maximum of each window; y is [N,C,H/stride,W/stride].</summary>
    void MaxPool(DeviceTensor x, DeviceTensor y, Window window);

    /// <summary>Routes dy to the first maximum of each window in row-major order.</summary>
    void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, Window window, bool accumulate);

    /// <summary>2x2 mean, stride 2: H and W are even, y is [N,C,H/2,W/2].</summary>
    void AveragePool(DeviceTensor x, DeviceTensor y);

    /// <summary>A quarter of dy to each pixel of its window.</summary>
    void AveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>Doubles height and width: y is [N,C,2H,2W].</summary>
    void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode);

    /// <summary>The transpose of <see cref="Upsample"/>.</summary>
    void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate);

    /// <summary>
    /// u[n,c taps + t,h,w] = what tap t of the window at (h, w) sees of x[n,c], 0 beyond the map; x is [N,C,H,W], u
    /// [N,C taps,H/stride,W/stride]. A 1x1 convolution of u is a convolution of x with that window.
    /// </summary>
    void Unfold(DeviceTensor x, DeviceTensor u, Window window);

    /// <summary>The transpose of <see cref="Unfold"/>, plus bias[c] where there is one.</summary>
    void Fold(DeviceTensor u, VectorSlice? bias, DeviceTensor x, Window window, bool accumulate);

    /// <summary>y[n,c] = x[n,c] convolved with the kernel weight[c] of its own, plus bias[c]; weights are [C,taps].</summary>
    void Depthwise(DeviceTensor x, VectorSlice weight, VectorSlice? bias, DeviceTensor y, Window window);

    /// <summary>Gradients of <see cref="Depthwise"/>, that of the bias left out.</summary>
    void DepthwiseBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dWeight,
        Window window);

    /// <summary>sums[c] = sum over n,h,w of x: a bias's gradient.</summary>
    void SumPerChannel(DeviceTensor x, VectorSlice sums);

    /// <summary>Copies a tensor into a wider one's channels from <paramref name="channel"/> on (Concat), or adds it.</summary>
    void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel, bool accumulate);

    /// <summary>Copies a wider tensor's channels from <paramref name="channel"/> on (Slice, Concat's backward).</summary>
    void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,c] = mean over h,w of x; y is [N,C,1,1].</summary>
    void GlobalAveragePool(DeviceTensor x, DeviceTensor y);

    /// <summary>dx[n,c,h,w] = dy[n,c] / (H*W).</summary>
    void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n] = x[n] / |x[n]| per sample of [N,C,1,1]; an all-zero sample stays zero.</summary>
    void L2Normalize(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = (dy - y (y.dy)) / |x| per sample.</summary>
    void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,o] = b[o] + sum over i of w[o,i] x[n,i], of [N,I,1,1] and to [N,O,1,1].</summary>
    void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y);

    /// <summary>Gradients of <see cref="Linear"/>.</summary>
    void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias);

    /// <summary>
    /// The part of batch normalisation that comes before any value is normalised: which mean and deviation to use.
    /// </summary>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) to use, [2,C].</param>
    void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved);

    /// <summary>Batch normalisation with <see cref="BatchNormStatistics"/>, and ReLU behind it if asked.</summary>
    void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y);

    /// <summary>
    /// Gradients of <see cref="BatchNorm"/>. Written, dx may be dy itself: a value is read before its place is written.
    /// </summary>
    void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias);

    /// <summary>
    /// y = scale[c] (x - mean) / sqrt(variance + eps) + bias[c], mean and variance over the pixels and channels of a
    /// sample's group.
    /// </summary>
    void GroupNorm(DeviceTensor x, in GroupNormParameters norm, DeviceTensor y);

    /// <summary>Gradients of <see cref="GroupNorm"/>.</summary>
    void GroupNormBackward(
        DeviceTensor x, in GroupNormParameters norm, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dScale, VectorSlice dBias);
}
