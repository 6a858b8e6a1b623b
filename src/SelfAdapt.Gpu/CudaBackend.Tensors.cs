using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// Layout, sums of tensors, ReLU, channels, pooling and upsampling, forward and backward.
public sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public override void Import(VectorSlice source, DeviceTensor target)
    {
        GpuTensor t = Tensor(target);
        int count = (int)t.View.Length;
        LaunchEach("Layout.Import", count, View(source), t.View, t.Shape.C, t.Plane, t.Pitch, count);
    }

    /// <inheritdoc/>
    public override void Export(DeviceTensor source, VectorSlice target)
    {
        GpuTensor s = Tensor(source);
        LaunchEach(
            "Layout.Export", s.Shape.Count, s.View, View(target), s.Shape.C, s.Plane, s.Pitch, (int)s.Shape.Count);
    }

    /// <inheritdoc/>
    public override void Copy(DeviceTensor source, DeviceTensor target, bool accumulate)
    {
        GpuTensor s = Tensor(source);
        LaunchEach("Elementwise.Copy", s.Quads, s.View, Tensor(target).View, accumulate, s.Quads);
    }

    /// <inheritdoc/>
    public override void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y)
    {
        GpuTensor sum = Tensor(y);
        LaunchEach("Elementwise.Add", sum.Quads, Tensor(a).View, Tensor(b).View, sum.View, sum.Quads);
    }

    /// <inheritdoc/>
    public override void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y)
    {
        GpuTensor sum = Tensor(y);
        LaunchEach(
            "Channels.AddPerChannel", sum.Quads, Tensor(x).View, Tensor(s).View, sum.View, sum.Plane, sum.PitchQuads,
            sum.Quads);
    }

    /// <inheritdoc/>
    public override void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate) =>
        SumPlanes(Tensor(dy), Tensor(ds), 1, accumulate);

    /// <inheritdoc/>
    public override void Relu(DeviceTensor x, DeviceTensor y)
    {
        GpuTensor target = Tensor(y);
        LaunchEach("Elementwise.Relu", target.Quads, Tensor(x).View, target.View, target.Quads);
    }

    /// <inheritdoc/>
    public override void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor target = Tensor(dx);
        LaunchEach(
            "Elementwise.ReluBackward", target.Quads, Tensor(y).View, Tensor(dy).View, target.View, accumulate,
            target.Quads);
    }

    /// <inheritdoc/>
    public override void MaxPool(DeviceTensor x, DeviceTensor y)
    {
        GpuTensor small = Tensor(y);
        LaunchEach(
            "Resampling.MaxPool", small.Quads, Tensor(x).View, small.View, small.Shape.H, small.Shape.W,
            small.PitchQuads, small.Quads);
    }

    /// <inheritdoc/>
    public override void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor small = Tensor(dy);
        LaunchEach(
            "Resampling.MaxPoolBackward", small.Quads, Tensor(x).View, small.View, Tensor(dx).View, accumulate,
            small.Shape.H, small.Shape.W, small.PitchQuads, small.Quads);
    }

    /// <inheritdoc/>
    public override void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode)
    {
        (GpuTensor small, GpuTensor large) = (Tensor(x), Tensor(y));
        LaunchEach(
            mode == UpsampleMode.Nearest ? "Resampling.UpsampleNearest" : "Resampling.UpsampleLinear", large.Quads,
            small.View, large.View, small.Shape.H, small.Shape.W, small.PitchQuads, large.Quads);
    }

    /// <inheritdoc/>
    public override void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate)
    {
        GpuTensor small = Tensor(dx);
        LaunchEach(
            mode == UpsampleMode.Nearest ? "Resampling.UpsampleNearestBackward" : "Resampling.UpsampleLinearBackward",
            small.Quads, Tensor(dy).View, small.View, accumulate, small.Shape.H, small.Shape.W, small.PitchQuads,
            small.Quads);
    }

    /// <inheritdoc/>
    public override void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(x), Tensor(y));
        LaunchEach(
            "Channels.CopyTo", from.Shape.Count, from.View, to.View, from.Shape.C, from.Pitch, to.Pitch, channel,
            (int)from.Shape.Count);
    }

    /// <inheritdoc/>
    public override void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(dy), Tensor(dx));
        LaunchEach(
            "Channels.CopyFrom", to.Shape.Count, from.View, to.View, to.Shape.C, from.Pitch, to.Pitch, channel,
            accumulate, (int)to.Shape.Count);
    }
}
