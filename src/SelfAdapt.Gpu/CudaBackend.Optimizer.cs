using System;
using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

// AdamW, L2-SP and the teacher's moving average in one pass.
public sealed partial class CudaBackend
{
    private const int WeightsPerThread = 8;
    private const int HasAnchor = 1;
    private const int HasTeacher = 2;

    /// <inheritdoc/>
    public override void OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, DeviceVector sums)
    {
        int count = state.Weights.Length;
        int perGroup = WeightsPerThread * _device.GroupThreads;
        int groups = Groups(count, perGroup);
        GpuView partial = Workspace(2L * groups);
        float share = 1 - options.EmaKeep;
        float pull = 2 * options.LambdaL2Sp;
        bool follows = state.Teacher is not null && options.EmaKeep != 1;
        int flags = (state.Anchor is null ? 0 : HasAnchor) | (follows ? HasTeacher : 0);
        Launch(
            "Optimizer.Step", new LaunchShape(groups, 1, 1, _device.GroupThreads), View(state.Weights),
            View(state.Gradient), View(state.FirstMoment), View(state.SecondMoment),
            state.Anchor is null ? Nothing : View(state.Anchor), follows ? View(state.Teacher!) : Nothing, partial,
            options.LearningRate, options.WeightDecay, options.Beta1, (float)(1.0 - options.Beta1), options.Beta2,
            (float)(1.0 - options.Beta2), (float)(1 / (1 - Math.Pow(options.Beta1, options.Step))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, options.Step))), options.Epsilon,
            options.DecoupledL2Sp ? 0 : pull, options.DecoupledL2Sp ? pull : 0, share, flags, perGroup, count);
        Launch("Optimizer.Finish", new LaunchShape(1, 1, 1, _device.GroupThreads), partial, View(sums), groups);
    }
}
