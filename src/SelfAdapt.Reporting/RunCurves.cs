using System.Text.Json;

namespace SelfAdapt.Reporting;

/// <summary>A step of a run as its log tells it.</summary>
/// <param name="Loss">The whole loss; NaN where it was no number.</param>
/// <param name="Kept">Mean fraction that the masks kept, over output channels.</param>
internal readonly record struct LoggedStep(int Iteration, double Loss, double Kept);

/// <summary>Reads the steps of a run back from run.jsonl.</summary>
internal static class RunCurves
{
    /// <summary>Reads the steps; lines that are cut off or of another kind are passed over.</summary>
    public static IReadOnlyList<LoggedStep> Read(string path)
    {
        try
        {
            return [.. JsonLines.Read(path, Parse).OfType<LoggedStep>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, path, $"the log can't be read: {e.Message}", e);
        }
    }

    private static LoggedStep? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object
                && root.TryGetProperty("kind", out JsonElement kind) && kind.ValueEquals("step")
                && root.TryGetProperty("iteration", out JsonElement iteration)
                && iteration.TryGetInt32(out int number)
                ? new LoggedStep(number, Number(root, "loss"), Mean(root, "kept"))
                : null;
        }
        catch (InvalidOperationException e)
        {
            // Text that is no Unicode is noticed late.
            throw new JsonException(e.Message, e);
        }
    }

    private static double Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : double.NaN;

    private static double Mean(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement values) && values.ValueKind == JsonValueKind.Array
            ? values.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.Number)
                .Select(v => v.GetDouble()).DefaultIfEmpty(double.NaN).Average()
            : double.NaN;
}
