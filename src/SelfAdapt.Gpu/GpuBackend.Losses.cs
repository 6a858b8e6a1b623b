using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

// The masked loss of the adaptation and the supervised loss, with their gradients.
internal sealed partial class GpuBackend
{
    public void MaskedLoss(
        DeviceVector student, DeviceVector mean, DeviceVector deviation, TensorShape shape,
        ReadOnlySpan<ChannelMeaning> channels, in MaskedLossOptions options, DeviceVector thresholds,
        DeviceVector gradient, DeviceVector sums)
    {
        int plane = shape.H * shape.W;
        int planes = shape.N * shape.C;
        int logits = channels.Count(ChannelMeaning.Logit);
        ClassRun run = ClassRun.Of(channels);
        double pixels = (double)SamplesOfAll(shape.N) * plane;
        float perLogit = (float)(1.0 / (Math.Max(1, logits + Math.Min(1, run.Count)) * pixels));
        float perRegression = (float)(1.0 / (Math.Max(1, shape.C - logits - run.Count) * pixels));
        int chunks = Chunks(plane, _device.GroupThreads, planes);
        ArrayView<int> kinds = Kinds(channels);
        ArrayView<float> partial = Workspace(2L * planes * chunks);
        Launch(
            Kernels.Losses.Masked, Groups(chunks, planes), View(student), View(mean), View(deviation), View(thresholds),
            kinds, View(gradient), partial, shape.C, plane, Flag(options.UseClassMask), Flag(options.UseRegressionMask),
            Flag(options.SoftLabels), Flag(options.MeanIsProbability), options.LambdaBal, perLogit, perRegression);
        Launch(
            Kernels.Losses.FinishMasked, Groups(1), partial, kinds, View(sums), shape.C,
            shape.N, chunks, plane, options.LambdaBal, perLogit, perRegression);
    }

    public void SupervisedLoss(
        DeviceVector output, TensorShape shape, ReadOnlySpan<ChannelMeaning> channels, DeviceVector cell,
        DeviceVector flow, float flowScale, DeviceVector gradient, DeviceVector sums)
    {
        int plane = shape.H * shape.W;
        float perLogit = (float)(1.0 / ((double)shape.N * plane));
        SupervisedField field = SupervisedField.Of(channels);
        float perComponent = (float)field.Weight(shape);
        int chunks = Chunks(plane, _device.GroupThreads, shape.N);
        ArrayView<float> partial = Workspace(2L * shape.N * chunks);
        Launch(
            Kernels.Losses.Supervised, Groups(chunks, shape.N), View(output), View(cell),
            View(flow), View(gradient), partial, shape.C, channels.IndexOf(ChannelMeaning.Logit),
            field.Channel, field.Components, plane, flowScale, perLogit, perComponent,
            field.IsDistances ? SupervisedField.Background : -1f);
        Launch(
            Kernels.Losses.FinishSupervised, Groups(1), partial, View(sums),
            shape.N * chunks, perLogit, perComponent);
    }
}
