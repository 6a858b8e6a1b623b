using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>AveragePool 2x2, stride 2.</summary>
internal sealed class AveragePoolNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        return node.HasOnly("kernel_shape", 2) && node.HasOnly("pads", 0)
            && WindowReader.Read(reader, node, x, 2, 2, [0, 0, 0, 0]) == Window.Halving
            ? reader.Emit(
                x.Value with { Level = x.Level + 1 }, [x.Dims[0], x.Dims[1], x.Dims[2] / 2, x.Dims[3] / 2],
                y => new AveragePoolNode(node.Name, x.Id, y))
            : throw reader.Refuse(node, "only averages of 2x2 windows with stride 2 and no padding, or of all pixels, can be trained.");
    }

    public override void Write(NetworkWriter writer) => MaxPoolNode.Write(writer, this, "AveragePool", Window.Halving);
}
