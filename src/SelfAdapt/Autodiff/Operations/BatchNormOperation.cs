using System;
using SelfAdapt.Compute;

namespace SelfAdapt.Autodiff.Operations;

/// <summary>BatchNormalization, with the ReLU behind it where the graph has one.</summary>
internal sealed class BatchNormOperation(
    int input, int output, NetworkTensor scale, NetworkTensor bias, NetworkTensor mean, NetworkTensor variance,
    float epsilon, bool relu)
    : Operation(relu ? "BatchNorm+Relu" : "BatchNorm", [input], output)
{
    public override bool BackwardReadsInputs => true;

    /// <summary>The same, with ReLU behind it and that ReLU's output.</summary>
    public BatchNormOperation WithRelu(int reluOutput) =>
        new(Inputs[0], reluOutput, scale, bias, mean, variance, epsilon, true);

    public override IDisposable CreateState(Backend backend) => backend.CreateVector(2 * scale.Length);

    public override void Forward(in OperationRun run) =>
        run.Backend.BatchNorm(run.Input(0), Parameters(run), run.Norm, run.State<DeviceVector>(), run.Output);

    public override void Backward(in OperationRun run) =>
        run.Backend.BatchNormBackward(
            run.Input(0), Parameters(run), run.Norm, run.State<DeviceVector>(), run.OutputGradient,
            run.InputGradient(0), run.Accumulates(0), run.ParameterGradient(scale), run.ParameterGradient(bias));

    private BatchNormParameters Parameters(in OperationRun run) => new(
        run.Parameter(scale), run.Parameter(bias), run.Statistic(mean), run.Statistic(variance), epsilon,
        run.NormMomentum, relu);
}
