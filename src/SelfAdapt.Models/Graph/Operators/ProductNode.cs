namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Mul of two values of one size, or of a map and pooled features (squeeze and excitation) at every pixel.</summary>
/// <param name="a">The map, or one of two values of one size.</param>
/// <param name="perChannel">True where <paramref name="b"/> is pooled features and <paramref name="a"/> a map.</param>
internal sealed class ProductNode(string name, int a, int b, int output, bool perChannel = false)
    : NetworkNode(name, [a, b], output)
{
    public bool PerChannel => perChannel;

    public override void Write(NetworkWriter writer) =>
        writer.Emit("Mul", this, [writer.Narrow(Inputs[0]), writer.Narrow(Inputs[1])]);
}
