using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>
/// ConvTranspose as what it is: the gradient of a convolution, which is one of 1x1 of what windows see, and whose gradient
/// in turn is that convolution.
/// </summary>
internal sealed class TransposedConvolutionOperation(TransposedConvolutionNode node)
    : Operation($"ConvTranspose {node.Window}", node)
{
    public override bool BackwardReadsInput(int input) => true;

    /// <summary>The values of all windows, or their gradients.</summary>
    public override IReadOnlyList<TensorShape> Scratch(TensorShape input, TensorShape output) =>
        [input with { C = node.Adjoint.InputChannels }];

    public override void Forward(in OperationRun run)
    {
        DeviceTensor windows = run.Scratch(0);
        Adjoint(run).BackwardData(run.Input(0), windows, false);
        run.Operators.Fold(windows, node.Bias is null ? null : run.Parameter(node.Bias), run.Output, node.Window, false);
    }

    public override void Backward(in OperationRun run)
    {
        DeviceTensor dWindows = run.Scratch(0);
        run.Operators.Unfold(run.OutputGradient, dWindows, node.Window);
        Convolution convolution = Adjoint(run);
        convolution.BackwardWeights(new NormalizedTensor(dWindows), run.Input(0), run.ParameterGradient(node.Weight), null);
        if (node.Bias is not null)
        {
            run.Operators.SumPerChannel(run.OutputGradient, run.ParameterGradient(node.Bias));
        }

        if (run.InputGradient(0) is { } dx)
        {
            convolution.Forward(new NormalizedTensor(dWindows), new ConvolutionTerms(run.Accumulates(0) ? dx : null, null), dx);
        }
    }

    /// <summary>With weights for its backward pass, which forward is here.</summary>
    private Convolution Adjoint(in OperationRun run) => run.Convolution(node.Adjoint, forBackward: true);
}
