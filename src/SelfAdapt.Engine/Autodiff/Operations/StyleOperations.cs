using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>Gemm with a transposed weight: a linear layer on pooled features.</summary>
internal sealed class LinearOperation(LinearNode node) : Operation("Linear", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.Linear(run.Input(0), run.Parameter(node.Weight), run.Parameter(node.Bias), run.Output);

    public override void Backward(in OperationRun run) =>
        run.Operators.LinearBackward(
            run.Input(0), run.Parameter(node.Weight), run.OutputGradient, run.InputGradient(0), run.Accumulates(0),
            run.ParameterGradient(node.Weight), run.ParameterGradient(node.Bias));
}
