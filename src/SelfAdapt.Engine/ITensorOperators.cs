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
    void Import(VectorSlice source, DeviceTensor target);

    /// <summary>Writes a tensor out as plain NCHW values.</summary>
    /// <param name="target">Receives [N,C,H,W].</param>
    void Export(DeviceTensor source, VectorSlice target);

    /// <summary>target = source, or target += source.</summary>
    void Copy(DeviceTensor source, DeviceTensor target, bool accumulate);

    /// <summary>y = a + b.</summary>
    void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y);

    /// <summary>y[n,c,h,w] = x[n,c,h,w] + s[n,c].</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="s">[N,C,1,1].</param>
    /// <param name="y">[N,C,H,W].</param>
    void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y);

    /// <summary>ds[n,c] = sum over h,w of dy[n,c,h,w]; dx is dy itself.</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="ds">[N,C,1,1].</param>
    void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate);

    /// <summary>y = max(x, 0).</summary>
    void Relu(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = dy where y &gt; 0, else 0.</summary>
    void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>2x2 maximum, stride 2.</summary>
    /// <param name="x">[N,C,H,W], H and W even.</param>
    /// <param name="y">[N,C,H/2,W/2].</param>
    void MaxPool(DeviceTensor x, DeviceTensor y);

    /// <summary>Routes dy to the first maximum of each 2x2 window in row-major order.</summary>
    /// <param name="dy">[N,C,H/2,W/2].</param>
    /// <param name="dx">[N,C,H,W].</param>
    void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>Doubles height and width.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,2H,2W].</param>
    /// <param name="mode">Nearest (each pixel 2x2) or linear (half-pixel centres, edges clamped).</param>
    void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode);

    /// <summary>The transpose of <see cref="ITensorOperators.Upsample"/>.</summary>
    /// <param name="dy">[N,C,2H,2W].</param>
    /// <param name="dx">[N,C,H,W].</param>
    void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate);

    /// <summary>Copies a tensor into a run of channels of a wider one (Concat along channels).</summary>
    /// <param name="x">[N,c,H,W].</param>
    /// <param name="y">[N,C,H,W].</param>
    void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel);

    /// <summary>Copies a run of channels out of a wider tensor (Concat's backward).</summary>
    /// <param name="dy">[N,C,H,W].</param>
    /// <param name="dx">[N,c,H,W].</param>
    void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,c] = mean over h,w of x.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="y">[N,C,1,1].</param>
    void GlobalAveragePool(DeviceTensor x, DeviceTensor y);

    /// <summary>dx[n,c,h,w] = dy[n,c] / (H*W).</summary>
    /// <param name="dy">[N,C,1,1].</param>
    /// <param name="dx">[N,C,H,W].</param>
    void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n] = x[n] / |x[n]| per sample; an all-zero sample stays zero.</summary>
    /// <param name="x">[N,C,1,1].</param>
    /// <param name="y">[N,C,1,1].</param>
    void L2Normalize(DeviceTensor x, DeviceTensor y);

    /// <summary>dx = (dy - y (y.dy)) / |x| per sample.</summary>
    void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate);

    /// <summary>y[n,o] = b[o] + sum over i of w[o,i] x[n,i].</summary>
    /// <param name="x">[N,I,1,1].</param>
    /// <param name="weight">[O,I].</param>
    /// <param name="bias">[O].</param>
    /// <param name="y">[N,O,1,1].</param>
    void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y);

    /// <summary>Gradients of <see cref="Linear"/>.</summary>
    /// <param name="weight">[O,I].</param>
    /// <param name="dy">[N,O,1,1].</param>
    /// <param name="dx">[N,I,1,1], or null where no gradient is wanted.</param>
    /// <param name="dWeight">Receives [O,I].</param>
    /// <param name="dBias">Receives [O].</param>
    void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias);

    /// <summary>
    /// The part of batch normalisation that comes before any value is normalised: which mean and deviation to use.
    /// </summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) to use, [2,C].</param>
    void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved);

    /// <summary>Batch normalisation, with ReLU behind it if asked.</summary>
    /// <param name="x">[N,C,H,W].</param>
    /// <param name="use">Which statistics normalise, and whether the stored ones are updated.</param>
    /// <param name="saved">Receives the mean and 1/sqrt(variance + eps) used, [2,C].</param>
    /// <param name="y">[N,C,H,W].</param>
    void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y);

    /// <summary>
    /// Gradients of <see cref="BatchNorm"/>. Written, dx may be dy itself: a value is read before its place is written.
    /// </summary>
    /// <param name="dx">The input's gradient, or null where none is wanted; dy only without accumulate.</param>
    /// <param name="dScale">Receives [C].</param>
    /// <param name="dBias">Receives [C].</param>
    void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias);
}
