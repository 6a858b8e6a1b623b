using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Studio;

/// <summary>The models of a project: those to start from, those of a run's steps, the accepted one and what is exported.</summary>
internal sealed class StudioModels(StudioProject project)
{
    private const string SnapshotPattern = "step_*.onnx";
    private const string EmbeddedName = "nuclei_small.onnx";

    /// <summary>The file that a set-up's model stands for; the program's own is written once.</summary>
    public string FileOf(string? model)
    {
        if (model is not null)
        {
            return model;
        }

        string file = Path.Combine(project.Models, EmbeddedName);
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(project.Models);
            OutputFile.WriteDurably(file, DefaultModel.Read());
        }

        return file;
    }

    /// <summary>The accepted model, or the one of the set-up where none is.</summary>
    public string InUse => project.State.Accepted is { } accepted ? accepted.Model : FileOf(project.State.Setup.Model);

    /// <summary>Models that a page offers beside the embedded one: those beside the images and Cellpose's own.</summary>
    public IReadOnlyList<string> Offered =>
    [
        .. ((string[])[project.State.Images, CellposeModels.Folder]).Where(Directory.Exists).SelectMany(ModelFolder.Within),
    ];

    /// <summary>The file with the weights of a step of a run.</summary>
    /// <param name="step">0: the original; null: what the run kept.</param>
    public string OfStep(StudioJob job, int? step)
    {
        string folder = project.JobFolder(job.Name);
        return step switch
        {
            null => job.Kind == JobKind.Train ? RunFolder.Trained(folder) : RunFolder.Adapted(folder),
            0 => FileOf(job.Setup.Model),
            { } n => RunFolder.Snapshot(folder, n),
        };
    }

    /// <summary>The steps of a run whose weights are there.</summary>
    public IReadOnlyList<int> StepsOf(StudioJob job)
    {
        DirectoryInfo folder = Snapshots(job);
        return folder.Exists ? [.. folder.GetFiles(SnapshotPattern).Select(StepOf).Order()] : [];
    }

    /// <summary>Snapshots of a run that neither it nor the user has kept; the original's is none of them.</summary>
    public IReadOnlyList<FileInfo> SpareSnapshots(StudioJob job)
    {
        DirectoryInfo folder = Snapshots(job);
        if (!folder.Exists || project.KeptStep(job.Name) is not { } kept)
        {
            return [];
        }

        int? accepted = project.State.Accepted is { } taken && taken.Job == job.Name ? taken.Step : null;
        return [.. folder.GetFiles(SnapshotPattern).Where(f => StepOf(f) is var step && step != 0 && step != kept && step != accepted)];
    }

    /// <summary>Takes a step's weights as the project's model, in the format of the model that the run started from.</summary>
    /// <exception cref="SelfAdaptException">The model can't be written; the message is that of export.</exception>
    public async Task AcceptAsync(StudioJob job, int? step)
    {
        string model = FileOf(job.Setup.Model);
        if (step != 0)
        {
            string source = SourceOf(job);
            string which = step is { } n ? string.Create(CultureInfo.InvariantCulture, $"step-{n}") : "kept";
            Directory.CreateDirectory(project.Models);
            model = Path.Combine(project.Models, $"{job.Name}-{which}{Path.GetExtension(source)}");
            await ExportAsync(job, step, model, ["--force"]).ConfigureAwait(false);
        }

        // What a network has learnt on, it must be shown: objects of that size.
        double? learnt = job.Kind == JobKind.Train && step != 0 ? DiameterOf(job) : null;
        project.Update(s => s with
        {
            Accepted = new AcceptedModel(job.Name, step, model),
            Setup = s.Setup with { Diameter = learnt ?? s.Setup.Diameter },
        });
    }

    /// <summary>Writes the accepted model in a format.</summary>
    /// <param name="format">onnx, portable, cellpose or bioimageio.</param>
    /// <param name="image">An image that a package shows.</param>
    /// <returns>The file.</returns>
    public async Task<string> ExportAcceptedAsync(string format, string image)
    {
        AcceptedModel accepted = project.State.Accepted
            ?? throw new SelfAdaptException(ErrorKind.InvalidOption, "Decide for a model first.");
        StudioJob job = project.State.Jobs.First(j => j.Name == accepted.Job);
        (string ending, string[] words) = format switch
        {
            "onnx" => (".onnx", (string[])["--format", "onnx"]),
            "portable" => ("-portable.onnx", ["--format", "onnx", "--variant", "portable"]),
            "cellpose" => ("-cellpose", ["--format", "cellpose"]),
            "bioimageio" => (".zip", ["--format", "bioimageio", "--image", image]),
            _ => throw new SelfAdaptException(ErrorKind.InvalidOption, "There is no such format."),
        };
        string file = Path.Combine(project.Models, "exports", Path.GetFileNameWithoutExtension(accepted.Model) + ending);
        await ExportAsync(job, accepted.Step, file, [.. words, "--force"]).ConfigureAwait(false);
        return file;
    }

    /// <summary>How images are segmented with a run's model: a trained one has a diameter of its own.</summary>
    public StudioSetup SetupOf(StudioJob job, int? step) => job.Kind == JobKind.Train && step != 0
        ? job.Setup with { Diameter = DiameterOf(job) ?? job.Setup.Diameter } : job.Setup;

    /// <summary>What was exported.</summary>
    public IReadOnlyList<string> Exports
    {
        get
        {
            string folder = Path.Combine(project.Models, "exports");
            return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)] : [];
        }
    }

    private Task ExportAsync(StudioJob job, int? step, string file, string[] more)
    {
        string[] weights = step switch
        {
            _ when step == 0 || job.Kind == JobKind.Train => [],
            null => ["--run", project.JobFolder(job.Name)],
            { } n =>
            [
                "--run", project.JobFolder(job.Name), "--snapshot", n.ToString(CultureInfo.InvariantCulture),
            ],
        };
        return ChildVerb.RunAsync(
            ["export", "--model", step == 0 ? FileOf(job.Setup.Model) : SourceOf(job), .. weights, "--out", file, .. more],
            Path.Combine(project.Models, "export.txt"));
    }

    /// <summary>The file whose format a run's model has.</summary>
    private string SourceOf(StudioJob job) =>
        job.Kind == JobKind.Train ? RunFolder.Trained(project.JobFolder(job.Name)) : FileOf(job.Setup.Model);

    private DirectoryInfo Snapshots(StudioJob job) =>
        new(Path.GetDirectoryName(RunFolder.Snapshot(project.JobFolder(job.Name), 0))!);

    private static int StepOf(FileInfo snapshot) => int.Parse(
        Path.GetFileNameWithoutExtension(snapshot.Name)["step_".Length..], CultureInfo.InvariantCulture);

    private double? DiameterOf(StudioJob job) =>
        project.ReadResult(job.Name)?["mean_diameter"] is JsonValue value && value.TryGetValue(out double mean)
            ? Math.Round(mean, 1) : null;
}
