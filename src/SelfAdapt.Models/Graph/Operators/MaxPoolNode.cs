using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>MaxPool 2x2, stride 2.</summary>
internal sealed class MaxPoolNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node) =>
        node.GetInts("kernel_shape") is [1, 1] && node.GetInts("strides") is [2, 2] && node.HasOnly("pads", 0)
            ? SubsampleNode.Add(reader, node, reader.Map(node, 0))
            : ReadHalving(reader, node, (x, y) => new MaxPoolNode(node.Name, x, y));

    /// <summary>Reads a pooling that halves height and width.</summary>
    /// <param name="make">Makes the node of its input and output.</param>
    public static Activation ReadHalving(NetworkReader reader, OnnxNode node, Func<int, int, NetworkNode> make)
    {
        Activation x = reader.Map(node, 0);
        bool halves = node.HasOnly("kernel_shape", 2) && node.GetInts("strides") is [2, 2]
            && node.HasOnly("pads", 0) && node.HasOnly("dilations", 1)
            && (node.GetInt("ceil_mode", 0) == 0 || (x.Dims[2] % 2 == 0 && x.Dims[3] % 2 == 0));
        if (!halves || node.Outputs.Count > 1 || x.Dims[2] < 2 || x.Dims[3] < 2)
        {
            throw reader.Refuse(node, "only 2x2 windows with stride 2 and no padding can be trained.");
        }

        return reader.Emit(
            x.Value with { Level = x.Level + 1 }, [x.Dims[0], x.Dims[1], x.Dims[2] / 2, x.Dims[3] / 2],
            y => make(x.Id, y));
    }

    public override void Write(NetworkWriter writer) => WriteHalving(writer, this, "MaxPool");

    public static void WriteHalving(NetworkWriter writer, NetworkNode node, string opType) => writer.Emit(
        opType, node, [writer.Narrow(node.Inputs[0])],
        OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2));
}
