namespace SelfAdapt.Models.Graph;

/// <summary>How a model is written anew for programs that can't take every ONNX file.</summary>
/// <param name="Height">The one height that the file takes, px; null for any.</param>
/// <param name="Width">The one width, px; null for any.</param>
/// <param name="Half">Whether weights and maps are 16-bit floats; input and output stay 32-bit.</param>
internal sealed record ModelVariant(int? Height = null, int? Width = null, bool Half = false)
{
    /// <summary>Free batch, height and width, 32-bit.</summary>
    public static ModelVariant Portable { get; } = new();

    /// <summary>One picture of one size, 32-bit.</summary>
    /// <param name="side">Height and width, px.</param>
    public static ModelVariant Static(int side) => new(side, side);

    /// <summary>Free sizes, 16-bit inside.</summary>
    public static ModelVariant Fp16 { get; } = new(Half: true);

    /// <summary>Whether the file takes one size only.</summary>
    public bool IsStatic => Height is not null;
}
