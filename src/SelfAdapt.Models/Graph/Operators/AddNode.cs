using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Add: of two values of one size, or of a map and pooled features (Cellpose's style) at every pixel.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="a">The map, or one of two values of one size.</param>
/// <param name="perChannel">True where <paramref name="b"/> is pooled features and <paramref name="a"/> a map.</param>
internal sealed class AddNode(string name, int a, int b, int output, bool perChannel)
    : NetworkNode(name, [a, b], output)
{
    public bool PerChannel => perChannel;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        (Activation a, Activation b) = (reader.AnyLayout(node, 0), reader.AnyLayout(node, 1));
        if (a.Channels != b.Channels)
        {
            throw reader.Refuse(node, $"it adds {a.Channels} and {b.Channels} channels.");
        }

        bool sameSize = a.Level == b.Level && a.ChannelsLast == b.ChannelsLast && a.Dims.SequenceEqual(b.Dims);
        if (!sameSize && a.IsPooled)
        {
            (a, b) = (b, a);
        }

        return sameSize || (!a.IsPooled && b.IsPooled && b.Dims.Length == 4 && !a.ChannelsLast)
            ? reader.Emit(a, y => new AddNode(node.Name, a.Id, b.Id, y, !sameSize))
            : throw reader.Refuse(node, "it adds maps of different sizes.");
    }

    public override void Write(NetworkWriter writer) =>
        writer.Emit("Add", this, [writer.Narrow(Inputs[0]), writer.Narrow(Inputs[1])]);
}
