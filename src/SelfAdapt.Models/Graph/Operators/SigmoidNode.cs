using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Sigmoid: 1 / (1 + e^-x).</summary>
internal sealed class SigmoidNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public const string OnlyLast = "the operator Sigmoid can't be trained here but as the last one.";

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.AnyLayout(node, 0);
        if (reader.Consumers(node).Any(c => c.OpType is not ("Concat" or "Transpose" or "Reshape" or "Identity" or "Cast")))
        {
            throw reader.Refuse(node, OnlyLast);
        }

        return reader.Emit(x, y => new SigmoidNode(node.Name, x.Id, y));
    }

    public override void Write(NetworkWriter writer) => writer.Emit("Sigmoid", this, [writer.Narrow(Inputs[0])]);
}
