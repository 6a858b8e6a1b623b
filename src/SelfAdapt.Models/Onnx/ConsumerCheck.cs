namespace SelfAdapt.Models.Onnx;

/// <summary>Whether a program can be expected to open a file.</summary>
/// <param name="Reason">Why not; null if it can.</param>
/// <param name="Variant">What to export for it, as --variant takes it; null if it can.</param>
internal sealed record ConsumerFinding(string Consumer, string? Reason, string? Variant)
{
    public bool IsMet => Reason is null;
}

/// <summary>
/// Holds a file against what programs that open ONNX files are known to need. Meeting it is no proof: which of these
/// were tried with which files stands in docs/formats.md.
/// </summary>
internal static class ConsumerCheck
{
    private const string Portable = "portable";
    private const string Static = "static:256";
    private const long NewestOldOpset = 17;
    private const long NewestOldIr = 8;
    private const long OldestOpencvOpset = 9;
    private const long AxesInputOpset = 13;

    private static readonly string[] OpencvRefuses = ["Shape", "Gather", "NonZero", "Loop", "If", "Scan"];

    /// <summary>Every consumer's finding, in a fixed order.</summary>
    public static IReadOnlyList<ConsumerFinding> Check(OnnxModel model)
    {
        return
        [
            new("ONNX Runtime", null, null),
            Finding("onnxruntime-web", "fp16", TooLarge(model), Beside(model)),
            Finding(
                "OpenCV DNN", Static, Opset(model), Half(model), Sizes(model), Operators(model), Aliases(model),
                Beside(model)),
            Finding("DeepImageJ", Portable, Opset(model), Ir(model), Half(model), Beside(model)),
            Finding("QuPath", Portable, Doors(model), Half(model), Beside(model)),
            Finding("ilastik", Portable, Doors(model), Half(model), Beside(model)),
            new("Netron", null, null),
        ];
    }

    private static ConsumerFinding Finding(string consumer, string variant, params ReadOnlySpan<string?> reasons)
    {
        string reason = string.Join("; ", reasons.ToArray().OfType<string>());
        return reason.Length == 0 ? new(consumer, null, null) : new(consumer, reason, variant);
    }

    private static string? Opset(OnnxModel model) => model.Opsets.GetValueOrDefault("") switch
    {
        > NewestOldOpset and long newer => $"opset {newer}, it takes up to {NewestOldOpset}",
        < OldestOpencvOpset and long older => $"opset {older}, it takes {OldestOpencvOpset} and later",
        _ => null,
    };

    private static string? Ir(OnnxModel model) =>
        model.IrVersion > NewestOldIr ? $"IR {model.IrVersion}, it takes up to {NewestOldIr}" : null;

    private static string? Half(OnnxModel model) =>
        model.Graph.Initializers.Any(t => t.DataType is OnnxDataType.Float16 or OnnxDataType.BFloat16)
            || model.Graph.Inputs.Concat(model.Graph.Outputs).Any(v => v.ElementType != OnnxDataType.Float)
            ? "values other than 32-bit floats"
            : null;

    private static string? Sizes(OnnxModel model) =>
        model.Graph.Inputs is [{ Shape: { Count: 4 } shape }] && shape[0].Value == 1 && shape.All(d => d.Value > 0)
            ? null
            : "sizes that are not fixed, or a batch other than 1";

    private static string? Operators(OnnxModel model)
    {
        // From opset 13 on Unsqueeze reads its axes from a tensor, which older versions of OpenCV don't.
        bool modern = model.Opsets.GetValueOrDefault("") >= AxesInputOpset;
        string[] found = [.. model.Graph.Nodes.Select(n => n.OpType).Distinct()
            .Where(o => OpencvRefuses.Contains(o) || (modern && o == "Unsqueeze"))];
        return found.Length > 0 ? "operators that it lacks (" + string.Join(", ", found) + ")" : null;
    }

    private static string? Aliases(OnnxModel model) =>
        model.Graph.Nodes.Any(n => n is { OpType: "Identity", Inputs.Count: > 0 }
            && model.Graph.FindInitializer(n.Inputs[0]) is not null)
            ? "weights stored once for several uses (Identity of a stored tensor)"
            : null;

    private static string? Doors(OnnxModel model) =>
        model.Graph.Inputs.Count == 1 && model.Graph.Outputs.Count == 1
            ? null
            : $"{model.Graph.Inputs.Count} input and {model.Graph.Outputs.Count} outputs, it takes one of each";

    private static string? Beside(OnnxModel model) => model.Source.External.Files.Count > 0
        ? $"weights in another file ({string.Join(", ", model.Source.External.Files.Keys)})"
        : null;

    private static string? TooLarge(OnnxModel model) =>
        model.Bytes.LongLength >= int.MaxValue ? "2 GB and more" : null;
}
