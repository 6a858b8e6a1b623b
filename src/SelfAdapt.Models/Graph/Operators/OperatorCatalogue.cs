using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Every operator that can be trained: how ONNX calls it and who reads it.</summary>
internal static class OperatorCatalogue
{
    private static readonly Entry[] Entries =
    [
        new("Conv (1x1 and 3x3, padded by half of that, stride 1 or 2)", ConvolutionNode.Read, "Conv"),
        new("ConvTranspose 2x2, stride 2", TransposedConvolutionNode.Read, "ConvTranspose"),
        new("BatchNormalization", BatchNormalizationNode.Read, "BatchNormalization"),
        new(
            "GroupNormalization (since operator set 21, or as torch exports it), InstanceNormalization", GroupNormalizationNode.Read,
            "GroupNormalization", "InstanceNormalization"),
        new("Relu", ReluNode.Read, "Relu"),
        new(
            "Sigmoid, Tanh, LeakyRelu, Elu, Clip from 0", ElementNode.Read, "Sigmoid", "Tanh", "LeakyRelu", "Elu", "Clip"),
        new("Mul with the Sigmoid of the same (SiLU)", ElementNode.ReadProduct, "Mul"),
        new("Add", AddNode.Read, "Add"),
        new("MaxPool and AveragePool 2x2", MaxPoolNode.Read, "MaxPool"),
        new("Resize x2 (nearest or linear half_pixel)", UpsampleNode.Read, "Resize", "Upsample"),
        new("Concat (channels)", ConcatNode.Read, "Concat"),
        new(
            "GlobalAveragePool/AveragePool/ReduceMean over all pixels",
            GlobalAveragePoolNode.Read, "GlobalAveragePool", "AveragePool", "ReduceMean"),
        new(
            "division by an L2 norm",
            L2NormalizeNode.Read, "Div", "Pow", "ReduceSum", "Sqrt", "ReduceL2"),
        new("Gemm (transB=1)", LinearNode.Read, "Gemm"),
        new(
            "Flatten/Squeeze/Unsqueeze/Reshape of pooled features",
            Unchanged.ReadReshape, "Flatten", "Squeeze", "Unsqueeze", "Reshape"),
        new("Transpose between channels first and last", Unchanged.ReadTranspose, "Transpose"),
        new("Cast between floating-point types", Unchanged.ReadCast, "Cast"),
        new("Pad by nothing, Identity, Dropout", Unchanged.Read, "Pad", "Identity", "Dropout"),
        new("size computations", NetworkReader.ReadSize, "Shape"),
    ];

    private static readonly Dictionary<string, Entry> ByOpType = Entries
        .SelectMany(e => e.OpTypes.Select(type => (type, e))).ToDictionary(p => p.type, p => p.e);

    /// <summary>What is supported, in words.</summary>
    public static string Supported { get; } = string.Join(", ", Entries.Select(e => e.Supported));

    /// <summary>Reads a node: adds to the network what it computes, and tells what its output is.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: the operator, or its use, can't be trained.</exception>
    public static ReadValue Read(NetworkReader reader, OnnxNode node) =>
        GroupNormalizationNode.ReadPart(reader, node) is { } part ? part
        : ByOpType.TryGetValue(node.OpType, out Entry? entry)
            ? entry.Read(reader, node)
            : throw reader.Refuse(node, $"the operator {node.OpType} can't be trained here.");

    private sealed record Entry(
        string Supported, Func<NetworkReader, OnnxNode, ReadValue> Read, params string[] OpTypes);
}
