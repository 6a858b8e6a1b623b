using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>GroupNormalization; backward computes the statistics again from the input.</summary>
internal sealed class GroupNormOperation(GroupNormalizationNode node) : Operation("GroupNorm", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.GroupNorm(run.Input(0), Parameters(run), run.Output);

    public override void Backward(in OperationRun run) =>
        run.Operators.GroupNormBackward(
            run.Input(0), Parameters(run), run.OutputGradient, run.InputGradient(0), run.Accumulates(0),
            run.ParameterGradient(node.Scale), run.ParameterGradient(node.Bias));

    private GroupNormParameters Parameters(in OperationRun run) =>
        new(run.Parameter(node.Scale), run.Parameter(node.Bias), node.Groups, node.Epsilon);
}
