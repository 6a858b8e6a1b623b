namespace SelfAdapt.Models.Onnx;

/// <summary>One size of an input or output: a number, a name for a number that varies, or neither.</summary>
internal readonly record struct OnnxDimension(long? Value, string? Symbol)
{
    /// <summary>The number, the name, or "?".</summary>
    public override string ToString() =>
        Value?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Symbol ?? "?";
}

/// <param name="ElementType">Element type; Undefined if it is no tensor or none is given.</param>
/// <param name="Shape">Sizes; null if the file gives no shape.</param>
internal sealed record OnnxValueInfo(
    string Name, OnnxDataType ElementType, IReadOnlyList<OnnxDimension>? Shape)
{
    /// <summary>Name, type and sizes.</summary>
    public override string ToString() => $"{Name} {ElementType}[{string.Join(", ", Shape ?? [])}]";
}
