using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>What leaves an activation's values as they are: no node of the plain graph comes of it.</summary>
internal static class Unchanged
{
    public static Activation Read(NetworkReader reader, OnnxNode node) =>
        node.OpType != "Pad" || (node.GetInts("pads") ?? reader.Constant(node, 1)?.Integers)?.All(p => p == 0) != false
            ? reader.Activation(node, 0)
            : throw reader.Refuse(node, "padding of its own can't be trained here.");

    public static Activation ReadCast(NetworkReader reader, OnnxNode node) =>
        OnnxDataTypes.IsFloating((OnnxDataType)node.GetInt("to", 0))
            ? reader.Activation(node, 0)
            : throw reader.Refuse(node, $"the operator {node.OpType} can't be trained here.");

    /// <summary>Changes of rank that keep pooled features [N,C] in order.</summary>
    public static Activation ReadReshape(NetworkReader reader, OnnxNode node)
    {
        Activation x = reader.Activation(node, 0);
        if (!x.IsPooled)
        {
            throw reader.Refuse(node, "only pooled features can change their shape.");
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
