using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>PRelu: x where it is above 0, else a trained slope times x.</summary>
/// <param name="name">Its name in the ONNX file.</param>
/// <param name="slope">One per channel, or one for all.</param>
internal sealed class PReluNode(string name, int input, int output, NetworkTensor slope) : NetworkNode(name, [input], output)
{
    public NetworkTensor Slope => slope;

    public static Activation Read(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Map(node, 0);
        long[] dims = [.. (reader.FindWeight(node, 1)
            ?? throw reader.Refuse(node, "its slope is computed, not stored.")).Dims];
        long count = dims.Aggregate(1L, (a, b) => a * b);
        bool perChannel = dims.Length is 3 or 4 && dims[^3] == x.Channels && count == x.Channels;
        NetworkTensor slope = count == 1 || perChannel
            ? reader.AddWeight(node, 1, dims, TensorRole.Weight)
            : throw reader.Refuse(node, $"its slopes [{string.Join(",", dims)}] are not one per channel, nor one for all.");
        return reader.Emit(x, y => new PReluNode(node.Name, x.Id, y, slope));
    }

    public override void Write(NetworkWriter writer) =>
        writer.Emit("PRelu", this, [writer.Narrow(Inputs[0]), writer.Store(slope, slope.Length == 1 ? [1] : [slope.Length, 1, 1])]);
}
