using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Relu: max(x, 0).</summary>
internal sealed class ReluNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.AnyLayout(node, 0);
        return reader.Emit(x, y => new ReluNode(node.Name, x.Id, y));
    }

    public override void Write(NetworkWriter writer) => writer.Emit("Relu", this, [writer.Narrow(Inputs[0])]);
}
