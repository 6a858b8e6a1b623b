using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Concat along the channels.</summary>
internal sealed class ConcatNode(string name, IReadOnlyList<int> inputs, int output)
    : NetworkNode(name, inputs, output)
{
    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation[] parts = [.. Enumerable.Range(0, node.Inputs.Count).Select(i => reader.Map(node, i))];
        Activation first = parts[0];
        if (node.GetInt("axis", 1) is not (1 or -3) || parts.Any(p => p.Level != first.Level))
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
            first.Value with { Channels = (int)channels }, [first.Dims[0], channels, first.Dims[2], first.Dims[3]],
            y => new ConcatNode(node.Name, [.. parts.Select(p => p.Id)], y));
    }

    public override void Write(NetworkWriter writer) =>
        writer.Emit("Concat", this, [.. Inputs.Select(writer.Narrow)], OnnxAttribute.Int("axis", 1));
}
