using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Kernels;

namespace SelfAdapt.Gpu;

// AdamW, L2-SP and the teacher's moving average in one pass.
internal sealed partial class GpuBackend
{
    private const int WeightsPerThread = 8;

    public void OptimizerStep(
        in OptimizerVectors state, in OptimizerStepOptions options, DeviceVector sums)
    {
        int count = state.Weights.Length;
        int perGroup = WeightsPerThread * _device.GroupThreads;
        int groups = Parts(count, perGroup);
        ArrayView<float> partial = Workspace(2L * groups);
        float pull = 2 * options.LambdaL2Sp;
        bool follows = state.Teacher is not null && options.EmaKeep != 1;
        OptimizerFlags flags = (state.Anchor is null ? OptimizerFlags.None : OptimizerFlags.Anchor)
            | (follows ? OptimizerFlags.Teacher : OptimizerFlags.None);
        OptimizerNumbers numbers = new(
            Rate: options.LearningRate, Decay: options.WeightDecay, Beta1: options.Beta1,
            Rest1: (float)(1.0 - options.Beta1), Beta2: options.Beta2, Rest2: (float)(1.0 - options.Beta2),
            Correction1: (float)(1 / (1 - Math.Pow(options.Beta1, options.Step))),
            Correction2: (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, options.Step))), Epsilon: options.Epsilon,
            Pull: options.DecoupledL2Sp ? 0 : pull, DecoupledPull: options.DecoupledL2Sp ? pull : 0,
            Share: 1 - options.EmaKeep);
        Launch(
            Kernels.Optimizer.Step, Groups(groups), View(state.Weights),
            View(state.Gradient), View(state.FirstMoment), View(state.SecondMoment),
            state.Anchor is null ? Nothing : View(state.Anchor), follows ? View(state.Teacher!) : Nothing, partial,
            numbers, flags, perGroup, count);
        Launch(Kernels.Optimizer.Finish, Groups(1), partial, View(sums), groups);
    }
}
