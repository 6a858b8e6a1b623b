using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Slice of the image's channels: how a network takes several things through its one input.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="input">The image.</param>
/// <param name="output">The map it makes.</param>
/// <param name="from">The first channel.</param>
/// <param name="count">How many.</param>
internal sealed class ImageChannelsNode(string name, int input, int output, int from, int count)
    : NetworkNode(name, [input], output)
{
    public int From => from;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        long[]? starts = reader.Constant(node, 1)?.Integers ?? node.GetInts("starts");
        long[]? ends = reader.Constant(node, 2)?.Integers ?? node.GetInts("ends");
        long[]? axes = reader.Constant(node, 3)?.Integers ?? node.GetInts("axes");
        bool plain = reader.Constant(node, 4)?.Integers.All(step => step == 1) != false;
        if (reader.Maker(x) is not null || !plain || starts is not [long start] || ends is not [long end] || axes is not [1 or -3])
        {
            throw reader.Refuse(node, "only the image's channels can be taken apart.");
        }

        int from = Channel(start);
        int count = Channel(end) - from;
        return count > 0
            ? reader.Emit(
                x.Value with { Channels = count }, [x.Dims[0], count, x.Dims[2], x.Dims[3]],
                y => new ImageChannelsNode(node.Name, x.Id, y, from, count))
            : throw reader.Refuse(node, "it takes no channel.");

        int Channel(long index) => (int)Math.Clamp(index < 0 ? index + x.Channels : index, 0, x.Channels);
    }

    public override void Write(NetworkWriter writer) => writer.Emit(
        "Slice", this,
        [
            writer.Narrow(Inputs[0]), writer.StoreIntegers("slice.from", from), writer.StoreIntegers("slice.to", from + count),
            writer.StoreIntegers("slice.axis", 1),
        ]);
}
