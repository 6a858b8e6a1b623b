using System.Globalization;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tool.Models;

/// <summary>How an ONNX file is written.</summary>
/// <param name="Variant">The variant; null for the model's own file with new weights.</param>
internal readonly record struct VariantChoice(ModelVariant? Variant)
{
    private const string Static = "static:";

    /// <summary>Reads original, portable, static:SIDE or fp16.</summary>
    /// <param name="word">What the user gave.</param>
    /// <returns>Null where it is none of them.</returns>
    public static VariantChoice? Parse(string word) => word switch
    {
        "original" => new(null),
        "portable" => new(ModelVariant.Portable),
        "fp16" => new(ModelVariant.Fp16),
        _ when word.StartsWith(Static, StringComparison.Ordinal)
            && int.TryParse(word.AsSpan(Static.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int side)
            && side is > 0 and <= 16384
            => new(ModelVariant.Static(side)),
        _ => null,
    };
}
