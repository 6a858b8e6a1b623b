using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Studio;

/// <summary>What a run of strokes left, and what a network learns from it.</summary>
internal static class StrokeResults
{
    // From a model that knows cells a hundred passes are enough, as in demo --strokes.
    private static readonly string[] Schedule = ["--epochs", "100", "--learning-rate", "1e-3", "--crop", "128"];

    /// <summary>The masks of an image.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: the run passed over it, or is not over.</exception>
    public static LabelImage Masks(StudioProject project, StudioJob job, string file, int plane)
    {
        JsonNode? image = (project.ReadResult(job.Name)?["images"] as JsonArray)?.FirstOrDefault(
            i => JsonFile.Text(i?["file"]) == Path.GetFileName(file) && i?["plane"] is JsonValue at && at.TryGetValue(out int p) && p == plane);
        return JsonFile.Text(image?["name"]) is { } name && Path.GetFileName(name) == name
            ? LabelFile.Read(Path.Combine(project.JobFolder(job.Name), RunFolder.MaskFile(name)))
            : throw new SelfAdaptException(ErrorKind.UnreadableInput, file, $"{job.Name} holds no masks of this image.");
    }

    /// <summary>Words for a training on the masks of a run.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: that run is none of strokes, or is not over.</exception>
    public static List<string> Training(StudioProject project, string? name) =>
        project.State.Jobs.FirstOrDefault(j => j.Name == name && j.Kind == JobKind.Strokes) is { } job
            && JobStatus.PhaseOf(project, job) == JobPhase.Done
            ? ["--labels", project.JobFolder(job.Name), .. Schedule]
            : throw new SelfAdaptException(ErrorKind.InvalidOption, "Segment all images by strokes first.");
}
