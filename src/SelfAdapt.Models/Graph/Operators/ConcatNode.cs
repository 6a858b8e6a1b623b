using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Concat along the channels.</summary>
internal sealed class ConcatNode(string name, IReadOnlyList<int> inputs, int output)
    : NetworkNode(name, inputs, output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation[] parts = [.. Enumerable.Range(0, node.Inputs.Count).Select(i => reader.AnyLayout(node, i))];
        Activation first = parts[0];
        long axis = node.GetInt("axis", 1);
        if (first.Dims.Length != 4 || (axis < 0 ? axis + 4 : axis) != (first.ChannelsLast ? 3 : 1)
            || parts.Any(p => p.Level != first.Level || p.Dims.Length != 4 || p.ChannelsLast != first.ChannelsLast))
        {
            throw reader.Refuse(node, "only maps of the same size can be joined, along their channels.");
        }

        long channels = parts.Sum(p => (long)p.Channels);
        if (channels > NetworkReader.MostChannels)
        {
            throw reader.Refuse(
                node, $"it joins to {channels} channels; at most {NetworkReader.MostChannels} are read.");
        }

        return reader.Emit(
            first with
            {
                Value = first.Value with { Channels = (int)channels },
                Dims = [.. first.Dims.Select((d, i) => i == (first.ChannelsLast ? 3 : 1) ? channels : d)],
            },
            y => new ConcatNode(node.Name, [.. parts.Select(p => p.Id)], y));
    }

    public override void Write(NetworkWriter writer) =>
        writer.Emit("Concat", this, [.. Inputs.Select(writer.Narrow)], OnnxAttribute.Int("axis", 1));
}
