using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// Batch normalisation, forward and backward.
public sealed partial class CudaBackend
{
    /// <inheritdoc/>
    public override void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved)
    {
        GpuTensor source = Tensor(x);
        (int channels, int pitch) = (source.Shape.C, source.Pitch);
        GpuView lanes = Lanes(saved, pitch);
        if (use == NormStatistics.Stored)
        {
            LaunchEach(
                "BatchNorm.UseStored", pitch, View(norm.Scale), View(norm.Bias), View(norm.Mean), View(norm.Variance),
                View(saved), lanes, channels, pitch, norm.Epsilon);
            return;
        }

        LaunchShape shape = SumShape(source, source.Pixels, 1);
        // Two sums per chunk, and the values that they are taken around.
        GpuView partial = Workspace(((2L * shape.GridY) + 1) * pitch);
        Launch("BatchNorm.Moments", shape, source.View, partial, source.Pixels, pitch);
        Launch(
            "BatchNorm.FinishMoments", new LaunchShape(pitch, 1, 1, FinishThreads), partial, View(norm.Scale),
            View(norm.Bias), View(norm.Mean), View(norm.Variance), View(saved), lanes, channels, pitch, source.Pixels,
            shape.GridY, norm.Epsilon, norm.Momentum, use == NormStatistics.BatchAndUpdate);
    }

    /// <inheritdoc/>
    public override void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y)
    {
        BatchNormStatistics(x, norm, use, saved);
        GpuTensor target = Tensor(y);
        LaunchEach(
            "BatchNorm.Apply", target.Quads, Tensor(x).View, Lanes(saved, target.Pitch), target.View, norm.Relu,
            target.PitchQuads, target.Quads);
    }

    /// <inheritdoc/>
    public override void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias)
    {
        GpuTensor source = Tensor(x);
        (int channels, int pitch) = (source.Shape.C, source.Pitch);
        GpuView lanes = Lanes(saved, pitch);
        LaunchShape shape = SumShape(source, source.Pixels, 1);
        GpuView workspace = Workspace(2L * (shape.GridY + 1) * pitch);
        GpuView terms = Part(workspace, 0, 2L * pitch);
        GpuView partial = Part(workspace, 2L * pitch, 2L * shape.GridY * pitch);
        Launch(
            "BatchNorm.GradientSums", shape, source.View, Tensor(dy).View, lanes, partial, norm.Relu, source.Pixels,
            pitch);
        Launch(
            "BatchNorm.FinishGradient", new LaunchShape(pitch, 1, 1, FinishThreads), partial, lanes, View(dScale),
            View(dBias), terms, channels, pitch, source.Pixels, shape.GridY, use != NormStatistics.Stored);
        if (dx is not null)
        {
            LaunchEach(
                "BatchNorm.Gradient", source.Quads, source.View, Tensor(dy).View, lanes, terms, Tensor(dx).View,
                norm.Relu, accumulate, source.PitchQuads, source.Quads);
        }
    }

    /// <summary>Threads that add up a channel's chunks.</summary>
    private int FinishThreads => System.Math.Min(64, _device.GroupThreads);

    /// <summary>What a normalisation saved, as kernels read it.</summary>
    internal static GpuView Lanes(DeviceVector saved, int pitch) => ((GpuVector)saved).Lanes(pitch);
}
