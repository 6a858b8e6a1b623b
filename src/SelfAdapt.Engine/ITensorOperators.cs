using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>
/// A network's operators on a backend, each forward and backward. An input's gradient is written, or added to when
/// <c>accumulate</c> is true; a parameter's gradient is always written. Sums run in a fixed order whatever the number
/// of threads.
/// </summary>
internal interface ITensorOperators
{
    /// <summary>Reads plain NCHW values into a tensor.</summary>
    /// <param name="source">[N,C,H,W].</param>
    /// <param name="target">Receives the values.</param>
    void Import(VectorSlice source, DeviceTensor target);

    /// <summary>Writes a tensor out as plain NCHW values.</summary>
    /// <param name="source">The tensor.</param>
    /// <param name="target">Receives [N,C,H,W].</param>
    void Export(DeviceTensor source, VectorSlice target);

    /// <summary>target = source, or target += source.</summary>
    /// <param name="source">Any tensor.</param>
    /// <param name="target">Same shape.</param>
    /// <param name="accumulate">Add instead of write.</param>
    void Copy(DeviceTensor source, DeviceTensor target, bool accumulate);

    /// <summary>y = a + b.</summary>
    /// <param name="a">Any tensor.</param>
    /// <param name="b">Same shape.</param>
    /// <param name="y">Same shape.</param>
    void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y);

    /// <summary>y[n,c,h,w] = x[n,c,h,w] + s[n,c].</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="s">[N,C,1,1].</param>
    /// <param name="y">[N,C,H,W].</param>
    void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y);

    /// <summary>ds[n,c] = sum over h,w of dy[n,c,h,w]; dx is dy itself.</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="ds">[N,C,1,1].</param>
    /// <param name="accumulate">Add instead of write.</param>
    void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate);

    /// <summary>y = max(x, 0).</summary>
    /// <param name="x">Any tensor.</param>
    /// <param name="y">Same shape.</param>
    void Relu(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = dy where y &gt; 0, else 0.</summary>
    /// <param name="y">The forward output.</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="dx">The input's gradient.</param>
    /// <param name="accumulate">Add instead of write.</param>
    void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>2x2 maximum, stride 2.</summary>
    /// <param name="x">[N,C,H,W], H and W even.</param>
    /// <param name="y">[N,C,H/2,W/2].</param>
    void MaxPool(DeviceTensor x, DeviceTensor y);

    /// <summary>Routes dy to the first maximum of each 2x2 window in row-major order.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="dy">[N,C,H/2,W/2].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>Doubles height and width.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,2H,2W].</param>
    /// <param name="mode">Nearest (each pixel 2x2) or linear (half-pixel centres, edges clamped).</param>
    void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode);

    /// <summary>The transpose of <see cref="ITensorOperators.Upsample"/>.</summary>
    /// <param name="dy">[N,C,2H,2W].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="mode">As in the forward pass.</param>
    /// <param name="accumulate">Add instead of write.</param>
    void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate);

    /// <summary>Copies a tensor into a run of channels of a wider one (Concat along channels).</summary>
    /// <param name="x">[N,c,H,W].</param>
    /// <param name="y">[N,C,H,W].</param>
    /// <param name="channel">First channel of y written.</param>
    void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel);

    /// <summary>Copies a run of channels out of a wider tensor (Concat's backward).</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="channel">First channel read.</param>
    /// <param name="dx">[N,c,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,c] = mean over h,w of x.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,1,1].</param>
    void GlobalAveragePool(DeviceTensor x, DeviceTensor y);

    /// <summary>dx[n,c,h,w] = dy[n,c] / (H*W).</summary>
    /// <param name="dy">[N,C,1,1].</param>
    /// <param name="dx">[N,C,H,W].</param>
    /// <param name="accumulate">Add instead of write.</param>
    void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n] = x[n] / |x[n]| per sample; an all-zero sample stays zero.</summary>
    /// <param name="x">[N,C,1,1].</param>
    /// <param name="y">[N,C,1,1].</param>
    void L2Normalize(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = (dy - y (y.dy)) / |x| per sample.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="y">The forward output.</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="dx">The input's gradient.</param>
    /// <param name="accumulate">Add instead of write.</param>
    void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,o] = b[o] + sum over i of w[o,i] x[n,i].</summary>
    /// <param name="x">[N,I,1,1].</param>
    /// <param name="weight">[O,I].</param>
    /// <param name="bias">[O].</param>
    /// <param name="y">[N,O,1,1].</param>
    void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y);

    /// <summary>Gradients of <see cref="Linear"/>.</summary>
    /// <param name="x">The forward input.</param>
    /// <param name="weight">[O,I].</param>
    /// <param name="dy">[N,O,1,1].</param>
    /// <param name="dx">[N,I,1,1], or null where no gradient is wanted.</param>
    /// <param name="accumulate">Add to dx instead of writing it.</param>
    /// <param name="dWeight">Receives [O,I].</param>
    /// <param name="dBias">Receives [O].</param>
    void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias);

    /// <summary>
    /// The part of batch normalisation that comes before any value is normalised: which mean and deviation to use.
    /// </summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="norm">Parameters, stored statistics and constants.</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) to use, [2,C].</param>
    void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved);

    /// <summary>Batch normalisation, with ReLU behind it if asked.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="norm">Parameters, stored statistics and constants.</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) used, [2,C].</param>
    /// <param name="y">[N,C,H,W].</param>
    void BatchNorm(
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
    void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias);
}
