using ILGPU;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// Group normalisation, forward and backward, a sample at a time.
internal sealed partial class GpuBackend
{
    private const int LaneRuns = 4;

    public void GroupNorm(DeviceTensor x, in GroupNormParameters norm, DeviceTensor y)
    {
        (GpuTensor source, GpuTensor target) = (Tensor(x), Tensor(y));
        int quads = source.Quads / source.Shape.N;
        for (int n = 0; n < source.Shape.N; n++)
        {
            ArrayView<float> lanes = GroupLanes(source, n, norm, out _);
            Launch(
                Kernels.BatchNorm.Apply, Each(quads), Sample(source, n), lanes, Sample(target, n), 0, source.PitchQuads,
                quads);
        }
    }

    public void GroupNormBackward(
        DeviceTensor x, in GroupNormParameters norm, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dScale, VectorSlice dBias)
    {
        (GpuTensor source, GpuTensor gradient) = (Tensor(x), Tensor(dy));
        (int channels, int pitch) = (source.Shape.C, source.Pitch);
        KernelConfig shape = SumShape(source, source.Plane, 1);
        int quads = source.Quads / source.Shape.N;
        for (int n = 0; n < source.Shape.N; n++)
        {
            ArrayView<float> lanes = GroupLanes(source, n, norm, out ArrayView<float> rest);
            ArrayView<float> terms = rest.SubView(0, 2L * pitch);
            ArrayView<float> partial = rest.SubView(2L * pitch, 2L * shape.GridDim.Y * pitch);
            Launch(
                Kernels.BatchNorm.GradientSums, shape, Sample(source, n), Sample(gradient, n), lanes, partial, 0,
                source.Plane, pitch);
            Launch(
                Kernels.GroupNorm.FinishGradient, Shape((norm.Groups, 1, 1), (FinishThreads, 1)), partial,
                View(norm.Scale), lanes, View(dScale), View(dBias), terms, channels, pitch, source.Plane,
                shape.GridDim.Y, Flag(n > 0));
            if (dx is not null)
            {
                Launch(
                    Kernels.GroupNorm.Gradient, Each(quads), Sample(source, n), Sample(gradient, n), lanes, terms,
                    Sample(Tensor(dx), n), Flag(accumulate), source.PitchQuads, quads);
            }
        }
    }

    /// <summary>What normalises a sample, and working memory behind it: (2 chunks + 3) pitches.</summary>
    private ArrayView<float> GroupLanes(GpuTensor x, int sample, in GroupNormParameters norm, out ArrayView<float> rest)
    {
        (int channels, int pitch) = (x.Shape.C, x.Pitch);
        KernelConfig shape = SumShape(x, x.Plane, 1);
        long behind = ((2L * shape.GridDim.Y) + 3) * pitch;
        ArrayView<float> workspace = Workspace((LaneRuns * (long)pitch) + behind);
        ArrayView<float> lanes = workspace.SubView(0, LaneRuns * (long)pitch);
        rest = workspace.SubView(LaneRuns * (long)pitch, behind);
        ArrayView<float> partial = rest.SubView(0, ((2L * shape.GridDim.Y) + 1) * pitch);
        Launch(Kernels.BatchNorm.Moments, shape, Sample(x, sample), partial, x.Plane, pitch);
        Launch(
            Kernels.GroupNorm.FinishMoments, Shape((norm.Groups, 1, 1), (FinishThreads, 1)), partial, View(norm.Scale),
            View(norm.Bias), lanes, channels, pitch, x.Plane, shape.GridDim.Y, norm.Epsilon);
        return lanes;
    }

    private static ArrayView<float> Sample(GpuTensor tensor, int n)
    {
        long length = (long)tensor.Plane * tensor.Pitch;
        return tensor.View.SubView(n * length, length);
    }
}
