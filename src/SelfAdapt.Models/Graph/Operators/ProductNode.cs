namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Mul of two values of one size.</summary>
internal sealed class ProductNode(string name, int a, int b, int output) : NetworkNode(name, [a, b], output)
{
    public override void Write(NetworkWriter writer) =>
        writer.Emit("Mul", this, [writer.Narrow(Inputs[0]), writer.Narrow(Inputs[1])]);
}
