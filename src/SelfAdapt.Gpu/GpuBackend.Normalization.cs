using ILGPU;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// Batch normalisation, forward and backward.
internal sealed partial class GpuBackend
{
    public void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved)
    {
        GpuTensor source = Tensor(x);
        (int channels, int pitch) = (source.Shape.C, source.Pitch);
        ArrayView<float> lanes = Factors(saved, pitch);
        if (use == NormStatistics.Stored)
        {
            Launch(
                Kernels.BatchNorm.UseStored, Each(pitch), View(norm.Scale), View(norm.Bias), View(norm.Mean),
                View(norm.Variance), View(saved), lanes, channels, pitch, norm.Epsilon);
            return;
        }

        KernelConfig shape = SumShape(source, source.Pixels, 1);
        // Two sums per chunk, and the values that they are taken around.
        ArrayView<float> partial = Workspace(((2L * shape.GridDim.Y) + 1) * pitch);
        Launch(Kernels.BatchNorm.Moments, shape, source.View, partial, source.Pixels, pitch);
        (int pixels, int chunks) = (source.Pixels, shape.GridDim.Y);
        if (Share is { } share)
        {
            float[] all = NormSums.Moments(share, Download(partial), pitch, pixels);
            (pixels, chunks) = (pixels / source.Shape.N * share.Total, 1);
            _device.Upload(all, partial.SubView(0, all.Length));
        }

        Launch(
            Kernels.BatchNorm.FinishMoments, Shape((pitch, 1, 1), (FinishThreads, 1)), partial, View(norm.Scale),
            View(norm.Bias), View(norm.Mean), View(norm.Variance), View(saved), lanes, channels, pitch, pixels,
            chunks, norm.Epsilon, norm.Momentum, Flag(use == NormStatistics.BatchAndUpdate));
    }

    public void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y)
    {
        BatchNormStatistics(x, norm, use, saved);
        GpuTensor target = Tensor(y);
        Launch(
            Kernels.BatchNorm.Apply, Each(target.Quads), Tensor(x).View, Factors(saved, target.Pitch), target.View,
            Flag(norm.Relu), target.PitchQuads, target.Quads);
    }

    public void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias)
    {
        GpuTensor source = Tensor(x);
        (int channels, int pitch) = (source.Shape.C, source.Pitch);
        ArrayView<float> lanes = Factors(saved, pitch);
        KernelConfig shape = SumShape(source, source.Pixels, 1);
        ArrayView<float> workspace = Workspace(2L * (shape.GridDim.Y + 1) * pitch);
        ArrayView<float> terms = workspace.SubView(0, 2L * pitch);
        ArrayView<float> partial = workspace.SubView(2L * pitch, 2L * shape.GridDim.Y * pitch);
        Launch(
            Kernels.BatchNorm.GradientSums, shape, source.View, Tensor(dy).View, lanes, partial, Flag(norm.Relu),
            source.Pixels, pitch);
        (int pixels, int chunks) = (source.Pixels, shape.GridDim.Y);
        BatchShare? share = use == NormStatistics.Stored ? null : Share;
        if (share is not null)
        {
            float[] all = NormSums.Gradients(share, Download(partial), pitch);
            (pixels, chunks) = (pixels / source.Shape.N * share.Total, 1);
            _device.Upload(all, partial.SubView(0, all.Length));
        }

        Launch(
            Kernels.BatchNorm.FinishGradient, Shape((pitch, 1, 1), (FinishThreads, 1)), partial, lanes, View(dScale),
            View(dBias), terms, channels, pitch, pixels, chunks, Flag(use != NormStatistics.Stored));
        if (share is { IsFirst: false })
        {
            // Gradients of all ranks are added up: what is the whole batch's already is one rank's to give.
            foreach (VectorSlice given in (ReadOnlySpan<VectorSlice>)[dScale, dBias])
            {
                Launch(Kernels.Elementwise.Fill, Each(given.Length), View(given), 0f, given.Length);
            }
        }

        if (dx is not null)
        {
            Launch(
                Kernels.BatchNorm.Gradient, Each(source.Quads), source.View, Tensor(dy).View, lanes, terms,
                Tensor(dx).View, Flag(norm.Relu), Flag(accumulate), source.PitchQuads, source.Quads);
        }
    }

    private float[] Download(ArrayView<float> view)
    {
        float[] values = new float[view.Length];
        _device.Download(view, values);
        return values;
    }

    /// <summary>Threads that add up a channel's chunks.</summary>
    private int FinishThreads => System.Math.Min(64, _device.GroupThreads);

    /// <summary>What a normalisation saved, as kernels read it.</summary>
    internal static ArrayView<float> Factors(DeviceVector saved, int pitch) => ((GpuVector)saved).Factors(pitch);
}
