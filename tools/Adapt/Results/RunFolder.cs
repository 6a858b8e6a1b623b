using System.Globalization;
using SelfAdapt.Tool.Inputs;

namespace SelfAdapt.Tool.Results;

/// <summary>Names of the files that a run leaves in its output folder.</summary>
internal static class RunFolder
{
    /// <summary>The adapted model.</summary>
    public static string Adapted(string folder) => Path.Combine(folder, "adapted.onnx");

    /// <summary>The adapted model as a Cellpose checkpoint, where it came from one.</summary>
    public static string Checkpoint(string folder) => Path.Combine(folder, "adapted");

    /// <summary>The network that was trained.</summary>
    public static string TrainedOnnx(string folder) => Path.Combine(folder, "model.onnx");

    /// <summary>The trained network as a Cellpose checkpoint, where it began as one.</summary>
    public static string TrainedCheckpoint(string folder) => Path.Combine(folder, "model");

    /// <summary>What a training left: in the format of the model that it began with.</summary>
    public static string Trained(string folder) =>
        File.Exists(TrainedCheckpoint(folder)) ? TrainedCheckpoint(folder) : TrainedOnnx(folder);

    /// <summary>The folder of the run whose adapted model or snapshot a file is; null by its name, where it is none.</summary>
    public static string? OfModel(string file)
    {
        string path = Path.GetFullPath(file);
        string folder = Path.GetDirectoryName(path)!;
        return path == Adapted(folder) || path == Checkpoint(folder) ? folder
            : Path.GetDirectoryName(folder) is { } run && folder == Snapshots(run) ? run
            : null;
    }

    /// <summary>The state of a run that is not over, for --resume.</summary>
    public static string State(string folder) => Path.Combine(folder, "run.state");

    /// <summary>The log: one JSON object per line.</summary>
    public static string Log(string folder) => Path.Combine(folder, "run.jsonl");

    /// <summary>The result, as --json writes it.</summary>
    public static string Summary(string folder) => Path.Combine(folder, "summary.json");

    /// <summary>The options, for --config.</summary>
    public static string Config(string folder) => Path.Combine(folder, "run.json");

    /// <summary>Which image went to which group, where every kind of image has a run of its own.</summary>
    public static string Groups(string folder) => Path.Combine(folder, "groups.json");

    /// <summary>The folder of a group's run.</summary>
    /// <param name="number">1, 2, ...: the largest group first.</param>
    public static string Group(string folder, int number) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"group-{number}"));

    /// <summary>Whether a run, or one of its groups', was interrupted here and can go on.</summary>
    public static bool HoldsInterruptedRun(string folder) => File.Exists(Config(folder)) && (File.Exists(State(folder))
        || Directory.EnumerateDirectories(folder, "group-*").Any(g => File.Exists(State(g))));

    /// <exception cref="SelfAdaptException">UnreadableInput: there is none.</exception>
    public static void RequireState(string folder)
    {
        if (!File.Exists(State(folder)))
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, State(folder),
                $"there is no state to go on from: the run in this folder is over, or saved none yet. Start anew "
                + "without --resume, in another folder or with --force.");
        }
    }

    /// <summary>The command line that goes on with the run in a folder.</summary>
    public static string ResumeCommand(string folder, string verb = "adapt") => $"{verb} --config {Config(folder)} --out {folder} --resume";

    /// <summary>The picture of a few images before and after.</summary>
    public static string Picture(string folder) => Path.Combine(folder, "before_after.png");

    /// <summary>The report for people: one HTML file.</summary>
    public static string Report(string folder) => Path.Combine(folder, "report.html");

    /// <summary>The images that both models segmented, as gray PNG files for the viewer.</summary>
    public static string Shown(string folder) => Path.Combine(folder, "images_shown");

    /// <summary>The masks of those images with the original model.</summary>
    public static string MasksBefore(string folder) => Path.Combine(folder, "masks_before");

    /// <summary>The masks of those images with the model that was kept.</summary>
    public static string MasksAfter(string folder) => Path.Combine(folder, "masks_after");

    /// <summary>The name of an image's mask file.</summary>
    public static string MaskFile(string image) => image + MaskFolder.CellposeEnding + ".tif";

    /// <summary>The weights after a step.</summary>
    public static string Snapshot(string folder, int step) =>
        Path.Combine(Snapshots(folder), string.Create(CultureInfo.InvariantCulture, $"step_{step:D6}.onnx"));

    /// <summary>What of a run is there, for messages.</summary>
    public static string Contents(string folder)
    {
        string[] steps = Directory.Exists(Snapshots(folder))
            ? [.. Directory.GetFiles(Snapshots(folder), "step_*.onnx")
                .Select(f => Path.GetFileNameWithoutExtension(f)["step_".Length..].TrimStart('0'))
                .Select(s => s.Length == 0 ? "0" : s)
                .OrderBy(s => s.Length).ThenBy(s => s, StringComparer.Ordinal)]
            : [];
        return steps.Length > 0
            ? $"This run kept the steps {string.Join(", ", steps)}."
            : "This folder holds no snapshots; a run keeps them with --keep-snapshots.";
    }

    private static string Snapshots(string folder) => Path.Combine(folder, "snapshots");
}
