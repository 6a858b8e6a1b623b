

using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

internal sealed class MaxPoolOperation(MaxPoolNode node) : Operation("MaxPool 2x2", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override bool CheapToRepeat => true;

    public override void Forward(in OperationRun run) => run.Backend.Operators.MaxPool(run.Input(0), run.Output);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(0) is { } dx)
        {
            run.Backend.Operators.MaxPoolBackward(run.Input(0), run.OutputGradient, dx, run.Accumulates(0));
        }
    }
}

/// <summary>Resize to twice the size.</summary>
internal sealed class UpsampleOperation(UpsampleNode node)
    : Operation(node.Linear ? "Resize x2 linear" : "Resize x2 nearest", node)
{
    private readonly UpsampleMode _mode = node.Linear ? UpsampleMode.Linear : UpsampleMode.Nearest;

    public override bool CheapToRepeat => true;

    public override void Forward(in OperationRun run) => run.Backend.Operators.Upsample(run.Input(0), run.Output, _mode);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(0) is { } dx)
        {
            run.Backend.Operators.UpsampleBackward(run.OutputGradient, dx, _mode, run.Accumulates(0));
        }
    }
}

internal sealed class ConcatOperation(ConcatNode node) : Operation("Concat", node)
{
    public override void Forward(in OperationRun run)
    {
        for (int i = 0, channel = 0; i < Inputs.Count; i++)
        {
            run.Backend.Operators.CopyToChannels(run.Input(i), run.Output, channel);
            channel += run.Input(i).Shape.C;
        }
    }

    public override void Backward(in OperationRun run)
    {
        for (int i = 0, channel = 0; i < Inputs.Count; i++)
        {
            if (run.InputGradient(i) is { } dx)
            {
                run.Backend.Operators.CopyFromChannels(run.OutputGradient, channel, dx, run.Accumulates(i));
            }

            channel += run.InputChannels(i);
        }
    }
}
