using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Softmax over the channels: read where what is trained stands before it, and not run.</summary>
internal sealed class SoftmaxNode(string name, int input, int output) : NetworkNode(name, [input], output)
{
    private const long EveryAxisCounts = 13;

    public static ReadValue Read(NetworkReader reader, OnnxNode node)
    {
        long axis = node.GetInt("axis", reader.Opset < EveryAxisCounts ? 1 : -1);
        ReadValue? read = reader.Find(node, 0);
        Activation x = read is ColumnsFirst turned ? turned.Of : reader.AnyLayout(node, 0);

        // Before operator set 13 all axes from this one on are one.
        bool last = axis is 3 or -1;
        bool overChannels = read is ColumnsFirst || x.ChannelsLast ? last : axis == 1 && reader.Opset >= EveryAxisCounts;
        if (!overChannels || x.IsPooled || x.Dims.Length != 4)
        {
            throw reader.Refuse(node, "only a Softmax over the channels of a map, at the network's end, is known.");
        }

        Activation made = reader.Emit(x, y => new SoftmaxNode(node.Name, x.Id, y));
        return read is ColumnsFirst ? new ColumnsFirst(made) : made;
    }

    public override void Write(NetworkWriter writer) =>
        writer.Emit("Softmax", this, [writer.Narrow(Inputs[0])], OnnxAttribute.Int("axis", 1));
}
