using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>
/// BatchNormalization, with the ReLU behind it where the graph has one; on its own only where no convolution reads
/// it (that becomes part of a <see cref="ConvolutionOperation"/>).
/// </summary>
internal sealed class BatchNormOperation(int input, int output, NormTensors norm)
    : Operation(norm.Relu ? "BatchNorm+Relu" : "BatchNorm", [input], output)
{
    public BatchNormOperation(BatchNormalizationNode node)
        : this(
            node.Inputs[0], node.Output,
            new NormTensors(node.Scale, node.Bias, node.Mean, node.Variance, node.Epsilon, false))
    {
    }

    public NormTensors Norm => norm;

    public override bool BackwardReadsInput(int input) => true;

    /// <summary>The same, with ReLU behind it and that ReLU's output.</summary>
    public BatchNormOperation WithRelu(int reluOutput) => new(Inputs[0], reluOutput, norm with { Relu = true });

    public override IDisposable CreateState(NetworkWeights weights) =>
        weights.Backend.CreateVector(2 * norm.Scale.Length);

    public override void Forward(in OperationRun run) =>
        run.Operators.BatchNorm(
            run.Input(0), norm.Parameters(run), run.Norm, run.State<DeviceVector>(), run.Output);

    public override void Backward(in OperationRun run) =>
        run.Operators.BatchNormBackward(
            run.Input(0), norm.Parameters(run), run.Norm, run.State<DeviceVector>(), run.OutputGradient,
            run.InputGradient(0), run.Accumulates(0), run.ParameterGradient(norm.Scale),
            run.ParameterGradient(norm.Bias));
}

/// <summary>One batch normalisation's weights, stored statistics and constants.</summary>
internal sealed record NormTensors(
    NetworkTensor Scale, NetworkTensor Bias, NetworkTensor Mean, NetworkTensor Variance, float Epsilon, bool Relu)
{
    public BatchNormParameters Parameters(in OperationRun run) => new(
        run.Parameter(Scale), run.Parameter(Bias), run.Statistic(Mean), run.Statistic(Variance), Epsilon,
        run.NormMomentum, Relu);
}
