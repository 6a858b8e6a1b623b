using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Files;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Runs;

/// <summary>What a report says about how its run was made.</summary>
internal static class ReportFacts
{
    /// <summary>What was run, on what, with which program.</summary>
    /// <param name="result">What came of it.</param>
    /// <param name="student">Where the student ran.</param>
    /// <param name="teacher">What ran the teacher.</param>
    public static IReadOnlyList<(string Name, string Value)> Of(
        AdaptationJob job, AdaptationResult result, int heldOut, string student, string teacher)
    {
        string[] folders = [.. job.Images.Select(i => Path.GetDirectoryName(Path.GetFullPath(i.Path))!)
            .Distinct(StringComparer.Ordinal)];
        return
        [
            ("Model", job.Model.Path),
            ("Its sha256", job.Model.Sha256),
            ("Images", Text($"{job.Images.Count} from {string.Join(", ", folders)}")),
            ("Held out for the stopping signals", Text($"{heldOut}")),
            ("Labelled, for reporting only", Text($"{job.Labelled.Count}")),
            ("Scale", SegmentationArguments.DescribeScale(job.Segmentation)),
            ("Steps", Text($"{result.Iterations} of {job.Options.Iterations} in {result.Seconds:0} s")),
            .. job.LoweredFrom is { } batch
                ? (IReadOnlyList<(string, string)>)
                    [("Crops per step", Text($"{job.Options.BatchSize}; memory did not suffice for {batch}"))]
                : [],
            ("Seed", Text($"{job.Options.Seed}")),
            ("Student", "built-in engine on " + student),
            ("Teacher", teacher),
            ("Program", Text($"SelfAdapt {typeof(ReportFacts).Assembly.GetName().Version!.ToString(3)}, ")
                + Text($"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, ")
                + Text($"{Environment.ProcessorCount} processors")),
            ("Finished", DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>Options as name and value, nested names joined by dots.</summary>
    public static IReadOnlyList<(string Name, string Value)> Flatten(params IEnumerable<JsonNode?> options) =>
        [.. options.SelectMany(o => Flatten("", o))];

    private static IEnumerable<(string Name, string Value)> Flatten(string name, JsonNode? node) => node switch
    {
        JsonObject inner => inner.SelectMany(p => Flatten(name.Length == 0 ? p.Key : name + "." + p.Key, p.Value)),
        JsonValue value => [(name, value.ToString())],
        null => [],
        _ => [(name, node.ToJsonString(JsonStyle.Line))],
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
