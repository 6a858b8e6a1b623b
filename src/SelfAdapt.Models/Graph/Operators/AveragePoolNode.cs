using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>AveragePool 2x2, stride 2.</summary>
internal sealed class AveragePoolNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node) =>
        MaxPoolNode.ReadHalving(reader, node, (x, y) => new AveragePoolNode(node.Name, x, y));

    public override void Write(NetworkWriter writer) => MaxPoolNode.WriteHalving(writer, this, "AveragePool");
}
