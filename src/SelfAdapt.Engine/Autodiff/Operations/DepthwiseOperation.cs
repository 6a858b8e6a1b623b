using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>Conv of each channel with a kernel of its own.</summary>
internal sealed class DepthwiseOperation(ConvolutionNode node) : Operation($"Conv {node.Window}, depthwise", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) => run.Operators.Depthwise(
        run.Input(0), run.Parameter(node.Weight), node.Bias is null ? null : run.Parameter(node.Bias), run.Output, node.Window);

    public override void Backward(in OperationRun run)
    {
        run.Operators.DepthwiseBackward(
            run.Input(0), run.Parameter(node.Weight), run.OutputGradient, run.InputGradient(0), run.Accumulates(0),
            run.ParameterGradient(node.Weight), node.Window);
        if (node.Bias is not null)
        {
            run.Operators.SumPerChannel(run.OutputGradient, run.ParameterGradient(node.Bias));
        }
    }
}
