using System.Text;

namespace SelfAdapt.Models.Onnx;

/// <summary>Kinds of attribute, numbered as in ONNX's AttributeProto.AttributeType.</summary>
internal enum OnnxAttributeKind
{
    Undefined = 0,
    Float = 1,
    Int = 2,
    String = 3,
    Tensor = 4,
    Floats = 6,
    Ints = 7,

    /// <summary>A list of texts; carried but not read.</summary>
    Strings = 8,
}

/// <summary>A node's named constant.</summary>
internal sealed class OnnxAttribute
{
    internal OnnxAttribute(string name, OnnxAttributeKind kind) => (Name, Kind) = (name, kind);

    public string Name { get; }

    public OnnxAttributeKind Kind { get; }

    internal float FloatValue { get; init; }

    internal long IntValue { get; init; }

    internal byte[] StringValue { get; init; } = [];

    internal OnnxTensor? TensorValue { get; init; }

    internal IReadOnlyList<float> FloatValues { get; init; } = [];

    internal IReadOnlyList<long> IntValues { get; init; } = [];

    public static OnnxAttribute Int(string name, long value) =>
        new(name, OnnxAttributeKind.Int) { IntValue = value };

    public static OnnxAttribute Ints(string name, params long[] values) =>
        new(name, OnnxAttributeKind.Ints) { IntValues = values };

    public static OnnxAttribute Float(string name, float value) =>
        new(name, OnnxAttributeKind.Float) { FloatValue = value };

    public static OnnxAttribute Floats(string name, params float[] values) =>
        new(name, OnnxAttributeKind.Floats) { FloatValues = values };

    public static OnnxAttribute String(string name, string value)
    {
        return new(name, OnnxAttributeKind.String) { StringValue = Encoding.UTF8.GetBytes(value) };
    }

    public static OnnxAttribute Tensor(string name, OnnxTensor value) =>
        new(name, OnnxAttributeKind.Tensor) { TensorValue = value };
}
