using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph.Operators;

/// <summary>Every operator that can be trained: how ONNX calls it and who reads it.</summary>
internal static class OperatorCatalogue
{
    private static readonly Entry[] Entries =
    [
        new(
            "Conv (any kernel, dilation and groups; strides of 1, 2, 4, ...; pads that leave the size divided by the stride)",
            ConvolutionNode.Read, "Conv"),
        new("ConvTranspose (one group, the size times the stride)", TransposedConvolutionNode.Read, "ConvTranspose"),
        new("BatchNormalization", BatchNormalizationNode.Read, "BatchNormalization"),
        new(
            "GroupNormalization (since operator set 21, or as torch exports it), InstanceNormalization", GroupNormalizationNode.Read,
            "GroupNormalization", "InstanceNormalization"),
        new("Relu", ReluNode.Read, "Relu"),
        new(
            "Sigmoid, Tanh, Exp, LeakyRelu, Elu, HardSigmoid, HardSwish, Clip from 0", ElementNode.Read, "Sigmoid", "Tanh", "Exp",
            "LeakyRelu", "Elu", "HardSigmoid", "HardSwish", "Clip"),
        new("PRelu", PReluNode.Read, "PRelu"),
        new("Softmax over the channels at the end", SoftmaxNode.Read, "Softmax"),
        new("Mul of two values of one size, or of a map and pooled features or one channel", ElementNode.ReadProduct, "Mul"),
        new("Add", AddNode.Read, "Add"),
        new("MaxPool (as Conv) and AveragePool 2x2", MaxPoolNode.Read, "MaxPool"),
        new("Resize x2 (nearest, linear half_pixel or align_corners), nearest x4, x8, ...", UpsampleNode.Read, "Resize", "Upsample"),
        new("Concat (channels)", ConcatNode.Read, "Concat"),
        new("Slice of the image's channels", ImageChannelsNode.Read, "Slice"),
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
        new("Pad with zeros in front of Conv or MaxPool", Unchanged.ReadPad, "Pad"),
        new("Identity, Dropout", Unchanged.Read, "Identity", "Dropout"),
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
