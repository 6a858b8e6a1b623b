using System.Text;

namespace SelfAdapt.Models.Onnx;

/// <summary>One operation of the graph.</summary>
internal sealed class OnnxNode
{
    private readonly ModelSource _source;
    private readonly Dictionary<string, OnnxAttribute> _attributes;

    internal OnnxNode(ModelSource source, ByteRange record, Dictionary<string, OnnxAttribute> attributes)
    {
        (_source, Record, _attributes) = (source, record, attributes);
    }

    /// <summary>Its name; may be "" and need not be unique.</summary>
    public required string Name { get; init; }

    public required string OpType { get; init; }

    /// <summary>The operator set; "" for ONNX's own.</summary>
    public required string Domain { get; init; }

    /// <summary>Names of the values it takes; "" for an optional one left out.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>Names of the values it makes; "" for an optional one left out.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Its attributes, in file order: to write the node again.</summary>
    internal IEnumerable<OnnxAttribute> Attributes => _attributes.Values;

    internal ByteRange Record { get; }

    /// <summary>How the node is called in messages: operator, and name or first output.</summary>
    public string Label =>
        $"{OpType} '{(Name.Length > 0 ? Name : Outputs.FirstOrDefault(o => o.Length > 0))}'";

    public bool Has(string name) => _attributes.ContainsKey(name);

    public long GetInt(string name, long defaultValue) =>
        Find(name, OnnxAttributeKind.Int)?.IntValue ?? defaultValue;

    public long[]? GetInts(string name) => Find(name, OnnxAttributeKind.Ints)?.IntValues.ToArray();

    public float GetFloat(string name, float defaultValue) =>
        Find(name, OnnxAttributeKind.Float)?.FloatValue ?? defaultValue;

    public float[]? GetFloats(string name) => Find(name, OnnxAttributeKind.Floats)?.FloatValues.ToArray();

    public string? GetString(string name) =>
        Find(name, OnnxAttributeKind.String) is { } found ? Encoding.UTF8.GetString(found.StringValue) : null;

    public OnnxTensor? GetTensor(string name) => Find(name, OnnxAttributeKind.Tensor)?.TensorValue;

    /// <summary>True if a list of integers is absent, or holds one value only.</summary>
    internal bool HasOnly(string name, long value) => GetInts(name) is not { } values || values.All(v => v == value);

    private OnnxAttribute? Find(string name, OnnxAttributeKind kind)
    {
        if (!_attributes.TryGetValue(name, out OnnxAttribute? found))
        {
            return null;
        }

        return found.Kind == kind
            ? found
            : throw _source.Malformed($"node {Label}: attribute '{name}' is {found.Kind}, not {kind}");
    }
}
