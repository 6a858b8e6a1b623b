using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>What runs forward.</summary>
internal delegate void UnaryForward(in OperationRun run);

/// <summary>What runs backward where the input's gradient, dx, is wanted.</summary>
internal delegate void UnaryBackward(in OperationRun run, DeviceTensor dx);

/// <summary>An operator on one activation, without weights: all that there is to know of it.</summary>
/// <param name="readsInput">See <see cref="Operation.BackwardReadsInput"/>.</param>
/// <param name="readsOutput">See <see cref="Operation.BackwardReadsOutput"/>.</param>
/// <param name="cheap">See <see cref="Operation.CheapToRepeat"/>.</param>
internal sealed class UnaryOperation(
    string kind, NetworkNode node, UnaryForward forward, UnaryBackward backward, bool readsInput = false,
    bool readsOutput = false, bool cheap = false) : Operation(kind, node)
{
    public override bool BackwardReadsInput(int input) => readsInput;

    public override bool BackwardReadsOutput => readsOutput;

    public override bool CheapToRepeat => cheap;

    public override void Forward(in OperationRun run) => forward(run);

    public override void Backward(in OperationRun run)
    {
        if (run.InputGradient(0) is { } dx)
        {
            backward(run, dx);
        }
    }
}
