using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

internal sealed class ConcatOperation(ConcatNode node) : Operation("Concat", node)
{
    public override void Forward(in OperationRun run)
    {
        for (int i = 0, channel = 0; i < Inputs.Count; i++)
        {
            run.Operators.CopyToChannels(run.Input(i), run.Output, channel, false);
            channel += run.Input(i).Shape.C;
        }
    }

    public override void Backward(in OperationRun run)
    {
        for (int i = 0, channel = 0; i < Inputs.Count; i++)
        {
            if (run.InputGradient(i) is { } dx)
            {
                run.Operators.CopyFromChannels(run.OutputGradient, channel, dx, run.Accumulates(i));
            }

            channel += run.InputChannels(i);
        }
    }
}
