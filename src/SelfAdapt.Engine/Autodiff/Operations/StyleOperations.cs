

using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>Mean over all pixels, in any of the forms that exporters give it.</summary>
internal sealed class GlobalAveragePoolOperation(GlobalAveragePoolNode node)
    : Operation("GlobalAveragePool", node)
{
    public override void Forward(in OperationRun run) => run.Backend.Operators.GlobalAveragePool(run.Input(0), run.Output);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(0) is { } dx)
        {
            run.Backend.Operators.GlobalAveragePoolBackward(run.OutputGradient, dx, run.Accumulates(0));
        }
    }
}

/// <summary>Division by the Euclidean norm per sample (Cellpose's style vector).</summary>
internal sealed class L2NormalizeOperation(L2NormalizeNode node) : Operation("L2 normalise", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override bool BackwardReadsOutput => true;

    public override void Forward(in OperationRun run) => run.Backend.Operators.L2Normalize(run.Input(0), run.Output);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(0) is { } dx)
        {
            run.Backend.Operators.L2NormalizeBackward(
                run.Input(0), run.Output, run.OutputGradient, dx, run.Accumulates(0));
        }
    }
}

/// <summary>Gemm with a transposed weight: a linear layer on pooled features.</summary>
internal sealed class LinearOperation(LinearNode node) : Operation("Linear", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Backend.Operators.Linear(run.Input(0), run.Parameter(node.Weight), run.Parameter(node.Bias), run.Output);

    public override void Backward(in OperationRun run) =>
        run.Backend.Operators.LinearBackward(
            run.Input(0), run.Parameter(node.Weight), run.OutputGradient, run.InputGradient(0), run.Accumulates(0),
            run.ParameterGradient(node.Weight), run.ParameterGradient(node.Bias));
}
