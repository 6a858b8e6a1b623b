using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// Layout, sums of tensors, ReLU, channels, pooling and upsampling, forward and backward.
internal sealed partial class GpuBackend
{
    public void Import(VectorSlice source, DeviceTensor target)
    {
        GpuTensor t = Tensor(target);
        int count = (int)t.View.Length;
        Launch(Kernels.Layout.Import, Each(count), View(source), t.View, t.Shape.C, t.Plane, t.Pitch, count);
    }

    public void Export(DeviceTensor source, VectorSlice target)
    {
        GpuTensor s = Tensor(source);
        Launch(
            Kernels.Layout.Export, Each(s.Shape.Count), s.View, View(target), s.Shape.C, s.Plane, s.Pitch,
            (int)s.Shape.Count);
    }

    public void Copy(DeviceTensor source, DeviceTensor target, bool accumulate)
    {
        GpuTensor s = Tensor(source);
        Launch(Kernels.Elementwise.Copy, Each(s.Quads), s.View, Tensor(target).View, Flag(accumulate), s.Quads);
    }

    public void Add(DeviceTensor a, DeviceTensor b, DeviceTensor y)
    {
        GpuTensor sum = Tensor(y);
        Launch(Kernels.Elementwise.Add, Each(sum.Quads), Tensor(a).View, Tensor(b).View, sum.View, sum.Quads);
    }

    public void Multiply(DeviceTensor a, DeviceTensor b, DeviceTensor y, bool accumulate)
    {
        GpuTensor product = Tensor(y);
        Launch(
            Kernels.Elementwise.Multiply, Each(product.Quads), Tensor(a).View, Tensor(b).View, product.View, Flag(accumulate),
            product.Quads);
    }

    public void AddPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y)
    {
        GpuTensor sum = Tensor(y);
        Launch(
            Kernels.Channels.AddPerChannel, Each(sum.Quads), Tensor(x).View, Tensor(s).View, sum.View, sum.Plane,
            sum.PitchQuads, sum.Quads);
    }

    public void AddPerChannelBackward(DeviceTensor dy, DeviceTensor ds, bool accumulate) =>
        SumPlanes(Tensor(dy), dy.Shape.N, Tensor(ds).View, 1, accumulate);

    public void Relu(DeviceTensor x, DeviceTensor y)
    {
        GpuTensor target = Tensor(y);
        Launch(Kernels.Elementwise.Relu, Each(target.Quads), Tensor(x).View, target.View, target.Quads);
    }

    public void ReluBackward(DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor target = Tensor(dx);
        Launch(
            Kernels.Elementwise.ReluBackward, Each(target.Quads), Tensor(y).View, Tensor(dy).View, target.View,
            Flag(accumulate), target.Quads);
    }

    public void Apply(DeviceTensor x, DeviceTensor y, ElementFunction function)
    {
        GpuTensor target = Tensor(y);
        Launch(
            Kernels.ElementFunctions.Apply, Each(target.Quads), Tensor(x).View, target.View, (int)function.Kind,
            function.Parameter, target.Quads);
    }

    public void ApplyBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, ElementFunction function, bool accumulate)
    {
        GpuTensor target = Tensor(dx);
        Launch(
            Kernels.ElementFunctions.ApplyBackward, Each(target.Quads), Tensor(x).View, Tensor(dy).View, target.View,
            (int)function.Kind, function.Parameter, Flag(accumulate), target.Quads);
    }

    public void AveragePool(DeviceTensor x, DeviceTensor y)
    {
        GpuTensor small = Tensor(y);
        Launch(
            Kernels.Resampling.AveragePool, Each(small.Quads), Tensor(x).View, small.View, small.Shape.H, small.Shape.W,
            small.PitchQuads, small.Quads);
    }

    public void AveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor small = Tensor(dy);
        Launch(
            Kernels.Resampling.AveragePoolBackward, Each(small.Quads), small.View, Tensor(dx).View, Flag(accumulate),
            small.Shape.H, small.Shape.W, small.PitchQuads, small.Quads);
    }

    public void Upsample(DeviceTensor x, DeviceTensor y, UpsampleMode mode)
    {
        (GpuTensor small, GpuTensor large) = (Tensor(x), Tensor(y));
        Launch(
            mode switch
            {
                UpsampleMode.Nearest => Kernels.Resampling.UpsampleNearest,
                UpsampleMode.Linear => Kernels.Resampling.UpsampleLinear,
                _ => Kernels.Resampling.UpsampleAligned,
            },
            Each(large.Quads), small.View, large.View, small.Shape.H, small.Shape.W, small.PitchQuads, large.Quads);
    }

    public void UpsampleBackward(DeviceTensor dy, DeviceTensor dx, UpsampleMode mode, bool accumulate)
    {
        GpuTensor small = Tensor(dx);
        Launch(
            mode switch
            {
                UpsampleMode.Nearest => Kernels.Resampling.UpsampleNearestBackward,
                UpsampleMode.Linear => Kernels.Resampling.UpsampleLinearBackward,
                _ => Kernels.Resampling.UpsampleAlignedBackward,
            },
            Each(small.Quads), Tensor(dy).View, small.View, Flag(accumulate), small.Shape.H, small.Shape.W,
            small.PitchQuads, small.Quads);
    }

    public void SumPerChannel(DeviceTensor x, VectorSlice sums) =>
        SumPlanes(Tensor(x), 1, View(sums), 1, false);

    public void CopyToChannels(DeviceTensor x, DeviceTensor y, int channel, bool accumulate)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(x), Tensor(y));
        Launch(
            Kernels.Channels.CopyTo, Each(from.Shape.Count), from.View, to.View, from.Shape.C, from.Pitch, to.Pitch,
            channel, Flag(accumulate), (int)from.Shape.Count);
    }

    public void CopyFromChannels(DeviceTensor dy, int channel, DeviceTensor dx, bool accumulate)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(dy), Tensor(dx));
        Launch(
            Kernels.Channels.CopyFrom, Each(to.Shape.Count), from.View, to.View, to.Shape.C, from.Pitch, to.Pitch,
            channel, Flag(accumulate), (int)to.Shape.Count);
    }
}
