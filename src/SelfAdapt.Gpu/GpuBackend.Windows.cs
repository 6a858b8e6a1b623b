using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Kernels;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// What sees a window around each output, and factors per channel, forward and backward.
internal sealed partial class GpuBackend
{
    private static readonly Window Pixel = Window.Centred(1);

    public void MaxPool(DeviceTensor x, DeviceTensor y, Window window)
    {
        GpuTensor small = Tensor(y);
        if (window == Window.Halving)
        {
            Launch(
                Kernels.Resampling.MaxPool, Each(small.Quads), Tensor(x).View, small.View, small.Shape.H, small.Shape.W,
                small.PitchQuads, small.Quads);
            return;
        }

        int count = (int)small.View.Length;
        Launch(Kernels.Windows.MaxPool, Each(count), Tensor(x).View, small.View, Shape(window, x, y), small.Pitch, count);
    }

    public void MaxPoolBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor dx, Window window, bool accumulate)
    {
        (GpuTensor small, GpuTensor large) = (Tensor(dy), Tensor(dx));
        if (window == Window.Halving)
        {
            Launch(
                Kernels.Resampling.MaxPoolBackward, Each(small.Quads), Tensor(x).View, small.View, large.View,
                Flag(accumulate), small.Shape.H, small.Shape.W, small.PitchQuads, small.Quads);
            return;
        }

        int count = (int)large.View.Length;
        Launch(
            Kernels.Windows.MaxPoolBackward, Each(count), Tensor(x).View, small.View, large.View, Shape(window, x, dy),
            Flag(accumulate), large.Pitch, count);
    }

    public void Unfold(DeviceTensor x, DeviceTensor u, Window window)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(x), Tensor(u));
        int count = (int)to.View.Length;
        Launch(
            Kernels.Windows.Unfold, Each(count), from.View, to.View, Shape(window, x, u), from.Shape.C, from.Pitch, to.Pitch,
            count);
    }

    public void Fold(DeviceTensor u, VectorSlice? bias, DeviceTensor x, Window window, bool accumulate)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(u), Tensor(x));
        int count = (int)to.View.Length;
        Launch(
            Kernels.Windows.Fold, Each(count), from.View, bias is { } b ? View(b) : Nothing, to.View, Shape(window, x, u),
            Flag(bias is not null), Flag(accumulate), to.Shape.C, to.Pitch, from.Pitch, count);
    }

    public void Depthwise(DeviceTensor x, VectorSlice weight, VectorSlice? bias, DeviceTensor y, Window window)
    {
        GpuTensor to = Tensor(y);
        int count = (int)to.View.Length;
        Launch(
            Kernels.Windows.Depthwise, Each(count), Tensor(x).View, View(weight), bias is { } b ? View(b) : Nothing, to.View,
            Shape(window, x, y), Flag(bias is not null), to.Shape.C, to.Pitch, count);
    }

    public void DepthwiseBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dWeight,
        Window window)
    {
        SumProducts(Tensor(x), Tensor(dy), window, float.PositiveInfinity, dWeight);
        if (dx is not null)
        {
            GpuTensor to = Tensor(dx);
            int count = (int)to.View.Length;
            Launch(
                Kernels.Windows.DepthwiseBackward, Each(count), View(weight), Tensor(dy).View, to.View, Shape(window, x, dy),
                Flag(accumulate), to.Shape.C, to.Pitch, count);
        }
    }

    public void MultiplyPerChannel(DeviceTensor x, DeviceTensor s, DeviceTensor y, bool accumulate)
    {
        GpuTensor to = Tensor(y);
        Launch(
            Kernels.Channels.MultiplyPerChannel, Each(to.Quads), Tensor(x).View, Tensor(s).View, to.View, to.Plane,
            to.PitchQuads, Flag(accumulate), to.Quads);
    }

    public void MultiplyPerChannelBackward(DeviceTensor x, DeviceTensor dy, DeviceTensor ds, bool accumulate)
    {
        (GpuTensor from, GpuTensor to) = (Tensor(x), Tensor(ds));
        KernelConfig shape = SumShape(from, from.Plane, from.Shape.N);
        ArrayView<float> partial = Workspace((long)from.Shape.N * shape.GridDim.Y * from.Pitch);
        Launch(
            Kernels.Windows.ProductSums, shape, from.View, Tensor(dy).View, partial, Shape(Pixel, x, dy),
            float.PositiveInfinity, 1, from.Plane, from.Pitch);
        int count = (int)to.View.Length;
        Launch(
            Kernels.Channels.FinishPlaneSums, Each(count), partial, to.View, 1f, Flag(accumulate), shape.GridDim.Y,
            from.Pitch, count);
    }

    public void PRelu(DeviceTensor x, VectorSlice slope, DeviceTensor y) => Sloped(x, x, slope, y, false);

    public void PReluBackward(
        DeviceTensor x, VectorSlice slope, DeviceTensor dy, DeviceTensor? dx, bool accumulate, VectorSlice dSlope)
    {
        SumProducts(Tensor(x), Tensor(dy), Pixel, 0, dSlope);
        if (dx is not null)
        {
            Sloped(x, dy, slope, dx, accumulate);
        }
    }

    /// <summary>target = g where x is above 0, else its slope times g.</summary>
    private void Sloped(DeviceTensor x, DeviceTensor g, VectorSlice slope, DeviceTensor target, bool accumulate)
    {
        GpuTensor to = Tensor(target);
        int count = (int)to.View.Length;
        Launch(
            Kernels.Channels.PRelu, Each(count), Tensor(x).View, Tensor(g).View, View(slope), to.View, slope.Length, to.Pitch,
            Flag(accumulate), count);
    }

    /// <summary>Per channel and tap: target = the sum of min(x, most) dy over all outputs.</summary>
    private void SumProducts(GpuTensor x, GpuTensor dy, Window window, float most, VectorSlice target)
    {
        KernelConfig shape = SumShape(dy, dy.Pixels, window.Taps);
        ArrayView<float> partial = Workspace((long)window.Taps * shape.GridDim.Y * dy.Pitch);
        Launch(
            Kernels.Windows.ProductSums, shape, x.View, dy.View, partial, Shape(window, x, dy), most, 0, dy.Pixels, dy.Pitch);
        Launch(
            Kernels.Windows.FinishProductSums, Each(target.Length), partial, View(target), window.Taps, shape.GridDim.Y,
            dy.Pitch, dy.Shape.C, target.Length);
    }

    private static WindowShape Shape(Window window, DeviceTensor map, DeviceTensor outputs) => new(
        window.Height, window.Width, window.Stride, window.Dilation, window.Top, window.Left, map.Shape.H, map.Shape.W,
        outputs.Shape.H, outputs.Shape.W);
}
