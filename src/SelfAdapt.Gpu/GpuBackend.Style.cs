using ILGPU;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// Sums over planes, the style vector and the linear layer, forward and backward.
internal sealed partial class GpuBackend
{
    private const int MostLanes = 32;

    public void GlobalAveragePool(DeviceTensor x, DeviceTensor y) =>
        SumPlanes(Tensor(x), x.Shape.N, Tensor(y).View, 1f / Tensor(x).Plane, false);

    public void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor target = Tensor(dx);
        Launch(
            Kernels.Channels.SpreadMean, Each(target.Quads), Tensor(dy).View, target.View, 1f / target.Plane,
            target.Plane, target.PitchQuads, Flag(accumulate), target.Quads);
    }

    public void L2Normalize(DeviceTensor x, DeviceTensor y)
    {
        GpuTensor source = Tensor(x);
        Launch(
            Kernels.Style.Normalize, Groups(source.Shape.N), source.View,
            Tensor(y).View, source.Shape.C, source.Pitch);
    }

    public void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        GpuTensor target = Tensor(dx);
        Launch(
            Kernels.Style.NormalizeBackward, Groups(target.Shape.N), Tensor(x).View,
            Tensor(y).View, Tensor(dy).View, target.View, Flag(accumulate), target.Shape.C, target.Pitch);
    }

    public void Linear(DeviceTensor x, VectorSlice weight, VectorSlice bias, DeviceTensor y) =>
        Launch(
            Kernels.Style.Linear, Groups(y.Shape.C, y.Shape.N), Tensor(x).View,
            View(weight), View(bias), Tensor(y).View, x.Shape.C, y.Shape.C);

    public void LinearBackward(
        DeviceTensor x, VectorSlice weight, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dWeight, VectorSlice dBias)
    {
        (int batch, int inputs, int outputs) = (x.Shape.N, x.Shape.C, dy.Shape.C);
        Launch(
            Kernels.Style.LinearBackwardWeights, Each(outputs * inputs), Tensor(x).View, Tensor(dy).View, View(dWeight),
            View(dBias), batch, inputs, outputs, outputs * inputs);
        if (dx is not null)
        {
            Launch(
                Kernels.Style.LinearBackwardData, Each(batch * inputs), View(weight), Tensor(dy).View, Tensor(dx).View,
                Flag(accumulate), inputs, outputs, batch * inputs);
        }
    }

    /// <summary>Per sample and channel: target = scale * sum over the pixels, or added.</summary>
    /// <param name="parts">How many sums a channel has: one per sample, or one over all samples.</param>
    private void SumPlanes(GpuTensor x, int parts, ArrayView<float> target, float scale, bool accumulate)
    {
        int plane = x.Pixels / parts;
        KernelConfig shape = SumShape(x, plane, parts);
        ArrayView<float> partial = Workspace((long)parts * shape.GridDim.Y * x.Pitch);
        Launch(Kernels.Channels.PlaneSums, shape, x.View, partial, plane, x.Pitch);
        int count = (int)target.Length;
        Launch(
            Kernels.Channels.FinishPlaneSums, Each(count), partial, target, scale, Flag(accumulate), shape.GridDim.Y, x.Pitch,
            count);
    }

    /// <summary>
    /// A sum per channel: a group's threads along x are neighbouring quads of channels, those along y pixels; the grid
    /// along y is chunks of pixels.
    /// </summary>
    private KernelConfig SumShape(GpuTensor x, int pixels, int samples)
    {
        int lanes = Math.Min(x.PitchQuads, MostLanes);
        int rows = 1;
        while (2 * rows * lanes <= _device.GroupThreads)
        {
            rows *= 2;
        }

        int columns = Parts(x.PitchQuads, lanes);
        return Shape((columns, Chunks(pixels, rows, columns * samples), samples), (lanes, rows));
    }
}
