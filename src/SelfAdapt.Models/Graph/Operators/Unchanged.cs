using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>What leaves an activation's values as they are: no node of the plain graph comes of it.</summary>
internal static class Unchanged
{
    public static Activation Read(NetworkReader reader, OnnxNode node) => reader.AnyLayout(node, 0);

    /// <summary>Pad: by nothing, or with zeros around a map, which the convolution or pooling behind it takes in.</summary>
    public static ReadValue ReadPad(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.AnyLayout(node, 0);
        long[] pads = node.GetInts("pads") ?? reader.Constant(node, 1)?.Integers
            ?? throw reader.Refuse(node, "its pads are not known.");
        if (pads.All(p => p == 0))
        {
            return x;
        }

        bool zeros = (node.GetString("mode") ?? "constant") == "constant" && node.GetFloat("value", 0) == 0
            && (reader.Constant(node, 2)?.Values is null or [] or [0]);
        int rows = x.ChannelsLast ? 1 : 2;
        bool around = pads.Length == 8 && x is { IsPooled: false, Dims.Length: 4 } && pads.All(p => p >= 0)
            && pads.Where((p, i) => i % 4 != rows && i % 4 != rows + 1).All(p => p == 0);
        return zeros && around && (node.Inputs.Count < 4 || node.Inputs[3].Length == 0)
            ? new Padded(x, [pads[rows], pads[rows + 1], pads[rows + 4], pads[rows + 5]])
            : throw reader.Refuse(node, "only a Pad with zeros around a map can be trained.");
    }

    public static Activation ReadCast(NetworkReader reader, OnnxNode node) =>
        OnnxDataTypes.IsFloating((OnnxDataType)node.GetInt("to", 0))
            ? reader.AnyLayout(node, 0)
            : throw reader.Refuse(node, $"the operator {node.OpType} can't be trained here.");

    /// <summary>Changes of rank that keep pooled features [N,C] in order.</summary>
    public static Activation ReadReshape(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.AnyLayout(node, 0);
        if (!x.IsPooled)
        {
            // Where there is one channel, TensorFlow's exporter has it first or last without a Transpose.
            return node.OpType == "Reshape" && x is { Channels: 1, Dims.Length: 4 } && OtherLayout(x) is { } other
                && reader.Constant(node, 1)?.Integers is { Length: 4 } shape
                && shape.Select((d, i) => d is 0 ? x.Dims[i] : d).Zip(other.Dims).All(d => d.First == -1 || d.First == d.Second)
                ? other
                : throw reader.Refuse(node, "only pooled features can change their shape.");
        }

        (long n, long c) = (x.Dims[0], x.Dims[1]);
        long[] dims = node.OpType switch
        {
            "Flatten" when node.GetInt("axis", 1) == 1 => [n, c],
            "Squeeze" => [n, c],
            "Unsqueeze" => [.. x.Dims, .. Enumerable.Repeat(1L, UnsqueezeCount(reader, node, x.Dims.Length))],
            "Reshape" when reader.Constant(node, 1)?.Integers is { } to && IsPooled(to, n, c) => [n, c, .. to.Skip(2)],
            _ => throw reader.Refuse(node, "this change of shape is not known."),
        };
        return dims.Length is 2 or 3 or 4 ? x with { Dims = dims } : throw reader.Refuse(node, "too many dimensions.");
    }

    /// <summary>Transpose between channels first and channels last: the network's values lie the same.</summary>
    public static ReadValue ReadTranspose(NetworkReader reader, OnnxNode node) =>
        reader.Find(node, 0) is ColumnsFirst turned && IsColumnsFirst(node) ? turned.Of
        : reader.Find(node, 0) is Activation { ChannelsLast: false, Dims.Length: 4 } x && IsColumnsFirst(node)
            ? new ColumnsFirst(x)
        : reader.Find(node, 0) is Padded padded
            ? padded with { Of = Transposed(reader, node, padded.Of) }
            : Transposed(reader, node, reader.AnyLayout(node, 0));

    private static bool IsColumnsFirst(OnnxNode node) => node.GetInts("perm") is [0, 3, 2, 1];

    private static Activation Transposed(NetworkReader reader, OnnxNode node, Activation x)
    {
        long[] order = node.GetInts("perm") ?? [];
        return order is [0, 1, 2, 3] ? x
            : x.Dims.Length == 4 && order.SequenceEqual(x.ChannelsLast ? [0L, 3, 1, 2] : [0L, 2, 3, 1]) ? OtherLayout(x)
            : throw reader.Refuse(node, "only channels can be moved, from first to last or back.");
    }

    private static Activation OtherLayout(Activation x) => x with
    {
        ChannelsLast = !x.ChannelsLast,
        Dims = x.ChannelsLast ? [x.Dims[0], x.Dims[3], x.Dims[1], x.Dims[2]] : [x.Dims[0], x.Dims[2], x.Dims[3], x.Dims[1]],
    };

    private static int UnsqueezeCount(NetworkReader reader, OnnxNode node, int rank)
    {
        long[] axes = reader.Axes(node) ?? [];
        long[] trailing = [.. axes.Select(a => a < 0 ? a + rank + axes.Length : a).Order()];
        return trailing.SequenceEqual(Enumerable.Range(rank, axes.Length).Select(i => (long)i))
            ? axes.Length
            : throw reader.Refuse(node, "only dimensions at the end can be added.");
    }

    private static bool IsPooled(long[] to, long n, long c) =>
        to.Length >= 2 && (to[0] == n || to[0] is 0 or -1) && (to[1] == c || to[1] is 0 or -1)
        && to.Skip(2).All(d => d == 1);
}
