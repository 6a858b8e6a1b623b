using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>The mean over all pixels, in any of the forms that exporters give it.</summary>
internal sealed class GlobalAveragePoolNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        bool keepDimensions = true;
        switch (node.OpType)
        {
            case "AveragePool":
                if (node.GetInts("kernel_shape") is not [long h, long w] || h != x.Dims[2] || w != x.Dims[3]
                    || !node.HasOnly("pads", 0))
                {
                    return AveragePoolNode.Read(reader, node);
                }

                break;
            case "ReduceMean":
                long[] axes = [.. (reader.Axes(node) ?? []).Select(a => a < 0 ? a + 4 : a).Order()];
                if (axes is not [2, 3])
                {
                    throw reader.Refuse(node, "only a mean over height and width can be trained.");
                }

                keepDimensions = node.GetInt("keepdims", 1) != 0;
                break;
        }

        return reader.Emit(
            new NetworkValue(x.Channels, NetworkValue.Pooled),
            keepDimensions ? [x.Dims[0], x.Dims[1], 1, 1] : [x.Dims[0], x.Dims[1]],
            y => new GlobalAveragePoolNode(node.Name, x.Id, y));
    }

    public override void Write(NetworkWriter writer)
    {
        // Sums over many pixels, and squares of them, leave the range of 16-bit floats.
        writer.Emit("GlobalAveragePool", this, [writer.Wide(Inputs[0])]);
        writer.KeepWide(Output);
    }
}
