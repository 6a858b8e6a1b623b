using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>Add of two activations of the same size.</summary>
internal sealed class AddOperation(AddNode node) : Operation("Add", node)
{
    public override bool PassesGradient(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.Add(run.Input(0), run.Input(1), run.Output);

    public override void Backward(in OperationRun run)
    {
        for (int i = 0; i < 2; i++)
        {
            if (run.InputGradient(i) is { } dx)
            {
                run.Operators.Copy(run.OutputGradient, dx, run.Accumulates(i));
            }
        }
    }
}

/// <summary>Mul of two activations of the same size.</summary>
internal sealed class ProductOperation(ProductNode node) : Operation("Mul", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.Multiply(run.Input(0), run.Input(1), run.Output, false);

    public override void Backward(in OperationRun run)
    {
        for (int i = 0; i < 2; i++)
        {
            if (run.InputGradient(i) is { } dx)
            {
                run.Operators.Multiply(run.OutputGradient, run.Input(1 - i), dx, run.Accumulates(i));
            }
        }
    }
}

/// <summary>Add of a value per sample and channel (Cellpose's style features).</summary>
internal sealed class AddPerChannelOperation(AddNode node) : Operation("Add per channel", node)
{
    public override bool CheapToRepeat => true;

    public override bool PassesGradient(int input) => input == 0;

    public override void Forward(in OperationRun run) =>
        run.Operators.AddPerChannel(run.Input(0), run.Input(1), run.Output);

    public override void Backward(in OperationRun run)
    {
        // The per-channel sums first: the x gradient may be this very buffer, and others add to it later.
        if (run.InputGradient(1) is { } ds)
        {
            run.Operators.AddPerChannelBackward(run.OutputGradient, ds, run.Accumulates(1));
        }

        if (run.InputGradient(0) is { } dx)
        {
            run.Operators.Copy(run.OutputGradient, dx, run.Accumulates(0));
        }
    }
}

/// <summary>Mul by a value per sample and channel (squeeze and excitation).</summary>
internal sealed class ProductPerChannelOperation(ProductNode node) : Operation("Mul per channel", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.MultiplyPerChannel(run.Input(0), run.Input(1), run.Output, false);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(1) is { } ds)
        {
            run.Operators.MultiplyPerChannelBackward(run.Input(0), run.OutputGradient, ds, run.Accumulates(1));
        }

        if (run.InputGradient(0) is { } dx)
        {
            run.Operators.MultiplyPerChannel(run.OutputGradient, run.Input(1), dx, run.Accumulates(0));
        }
    }
}

/// <summary>PRelu.</summary>
internal sealed class PReluOperation(PReluNode node) : Operation("PRelu", node)
{
    public override bool BackwardReadsInput(int input) => true;

    public override void Forward(in OperationRun run) =>
        run.Operators.PRelu(run.Input(0), run.Parameter(node.Slope), run.Output);

    public override void Backward(in OperationRun run) => run.Operators.PReluBackward(
        run.Input(0), run.Parameter(node.Slope), run.OutputGradient, run.InputGradient(0), run.Accumulates(0),
        run.ParameterGradient(node.Slope));
}
