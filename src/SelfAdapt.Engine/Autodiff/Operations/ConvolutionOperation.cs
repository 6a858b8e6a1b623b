using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>
/// Conv, 1x1 or 3x3, stride 1, size kept; with the BatchNormalization (and ReLU) in front of it applied while it
/// reads, and sums behind it added while it writes, where the graph has them.
/// </summary>
/// <param name="inputs">The activation that is convolved, then those that are added.</param>
/// <param name="norm">The normalisation in front, or null.</param>
internal sealed class ConvolutionOperation(
    IReadOnlyList<int> inputs, int output, ConvolutionNode weights, NormTensors? norm, ConvolutionSum sum)
    : Operation(Describe(weights.Kernel, norm, sum), inputs, output)
{
    public ConvolutionOperation(ConvolutionNode node)
        : this(node.Inputs, node.Output, node, null, default)
    {
    }

    public override bool BackwardReadsInput(int input) => input == 0;

    public override bool BackwardNeedsWorkspace => norm is not null;

    public override bool PassesGradient(int input) => input == sum.Residual;

    /// <summary>The same, with the normalisation that made its input, or null where it has one already.</summary>
    public ConvolutionOperation? WithNorm(BatchNormOperation front) =>
        norm is null ? new([front.Inputs[0], .. Inputs.Skip(1)], Output, weights, front.Norm, sum) : null;

    /// <summary>The same, with an activation added to its output, or null where it has such a term already.</summary>
    public ConvolutionOperation? WithResidual(int value, int total) =>
        sum.Residual is null
            ? new([.. Inputs, value], total, weights, norm, sum with { Residual = Inputs.Count })
            : null;

    /// <summary>The same, with a value per channel added to its output, or null where it has one already.</summary>
    public ConvolutionOperation? WithPerChannel(int value, int total) =>
        sum.PerChannel is null
            ? new([.. Inputs, value], total, weights, norm, sum with { PerChannel = Inputs.Count })
            : null;

    public override IDisposable CreateState(NetworkWeights all) => new State(
        all.Convolution(weights), norm is null ? null : all.Backend.CreateVector(2 * weights.InputChannels));

    public override void Forward(in OperationRun run)
    {
        State state = run.State<State>();
        if (norm is not null)
        {
            run.Operators.BatchNormStatistics(run.Input(0), norm.Parameters(run), run.Norm, state.Saved!);
        }

        ConvolutionTerms terms = new(
            sum.Residual is { } r ? run.Input(r) : null, sum.PerChannel is { } c ? run.Input(c) : null);
        state.Convolution.Current(run.Training).Forward(Normalized(run), terms, run.Output);
    }

    public override void Backward(in OperationRun run)
    {
        State state = run.State<State>();
        Convolution convolution = state.Convolution.Current(run.Training);
        DeviceTensor dy = run.OutputGradient;
        convolution.BackwardWeights(
            Normalized(run), dy, run.ParameterGradient(weights.Weight),
            weights.Bias is null ? null : run.ParameterGradient(weights.Bias));
        if (norm is not null)
        {
            convolution.BackwardData(dy, run.Workspace, false);
            run.Operators.BatchNormBackward(
                run.Input(0), norm.Parameters(run), run.Norm, state.Saved!, run.Workspace,
                run.InputGradient(0), run.Accumulates(0), run.ParameterGradient(norm.Scale),
                run.ParameterGradient(norm.Bias));
        }
        else if (run.InputGradient(0) is { } dx)
        {
            convolution.BackwardData(dy, dx, run.Accumulates(0));
        }

        if (sum.Residual is { } r && run.InputGradient(r) is { } dr)
        {
            run.Operators.Copy(dy, dr, run.Accumulates(r));
        }

        if (sum.PerChannel is { } c && run.InputGradient(c) is { } dc)
        {
            run.Operators.AddPerChannelBackward(dy, dc, run.Accumulates(c));
        }
    }

    private static string Describe(int kernel, NormTensors? norm, ConvolutionSum sum) =>
        (norm is null ? "" : norm.Relu ? "BatchNorm+Relu+" : "BatchNorm+") + $"Conv {kernel}x{kernel}"
        + (sum.Residual is null ? "" : "+Add") + (sum.PerChannel is null ? "" : "+Add per channel");

    private NormalizedTensor Normalized(in OperationRun run) => norm is null
        ? new NormalizedTensor(run.Input(0))
        : new NormalizedTensor(run.Input(0), norm.Parameters(run), run.State<State>().Saved);

    /// <summary>What a graph has of its own, beside the convolution that it shares.</summary>
    private sealed record State(PreparedConvolution Convolution, DeviceVector? Saved) : IDisposable
    {
        public void Dispose() => Saved?.Dispose();
    }
}

/// <summary>Which of a convolution's inputs are added to its output: per pixel, and per sample and channel.</summary>
internal readonly record struct ConvolutionSum(int? Residual, int? PerChannel);
