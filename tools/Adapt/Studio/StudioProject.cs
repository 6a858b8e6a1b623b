using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfAdapt.Files;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Studio;

/// <summary>A project: a folder whose project.json is all that the studio knows, so that a killed one loses nothing.</summary>
internal sealed partial class StudioProject
{
    private const string FolderName = "selfadapt-studio";

    private readonly Lock _lock = new();
    private readonly string _file;

    private StudioProject(string folder, ProjectState state) =>
        (Folder, _file, State) = (folder, FileIn(folder), state);

    public string Folder { get; }

    /// <summary>What is written in project.json now.</summary>
    public ProjectState State { get; private set; }

    /// <summary>Opens the project of a folder of images, or begins one.</summary>
    /// <param name="images">The folder of images.</param>
    /// <param name="folder">The project's folder; null: selfadapt-studio within the images' folder.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: there is no such folder, or project.json is damaged. OutputExists: the project's folder holds
    /// something else, or the project of other images. OutputNotWritable: it can't be written.
    /// </exception>
    public static StudioProject Open(string images, string? folder)
    {
        if (!Directory.Exists(images))
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, images, "is no folder. Name a folder of images.");
        }

        images = Path.TrimEndingDirectorySeparator(Path.GetFullPath(images));
        folder = Path.GetFullPath(folder ?? Path.Combine(images, FolderName));
        if (File.Exists(FileIn(folder)))
        {
            ProjectState found = Read(FileIn(folder));
            return found.Images == images || !Directory.Exists(found.Images)
                ? new StudioProject(folder, found with { Images = images })
                : throw new SelfAdaptException(
                    ErrorKind.OutputExists, folder, $"is the project of other images, {found.Images}. Name another folder.");
        }

        OutputFolder.Prepare(folder, force: false);
        StudioProject project = new(folder, new ProjectState { Images = images });
        project.Update(state => state);
        return project;
    }

    /// <summary>The folder of a job's results.</summary>
    public string JobFolder(string job) => Path.Combine(Folder, "runs", job);

    /// <summary>The result of a job as --json writes it: there once the job is done.</summary>
    public string JobResult(string job) => JobFolder(job) + ".json";

    /// <summary>The same as JSON; null where it is not there, or damaged.</summary>
    public JsonObject? ReadResult(string job) => Parse(JobResult(job));

    /// <summary>The step whose weights a run of adapt kept; null where it is not over.</summary>
    public int? KeptStep(string job) =>
        Parse(RunFolder.Summary(JobFolder(job)))?["kept_iteration"] is JsonValue value && value.TryGetValue(out int step) ? step : null;

    /// <summary>What a job printed.</summary>
    public string JobText(string job) => JobFolder(job) + ".txt";

    /// <summary>The folder of strokes.</summary>
    public string Strokes => Path.Combine(Folder, "strokes");

    /// <summary>The folder of accepted models and of what is exported of them.</summary>
    public string Models => Path.Combine(Folder, "models");

    /// <summary>Keeps other studios out: two would write over each other. It ends with the process, however that ends.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: another studio has the project open.</exception>
    public FileStream Lock()
    {
        try
        {
            return new FileStream(Path.Combine(Folder, "project.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(
                ErrorKind.OutputNotWritable, Folder, $"is open in another studio, or protected: {e.Message}", e);
        }
    }

    /// <summary>Changes the state, on the disk first.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the folder is protected or full.</exception>
    public ProjectState Update(Func<ProjectState, ProjectState> change)
    {
        lock (_lock)
        {
            ProjectState next = change(State);
            OutputFile.WriteDurably(_file, JsonSerializer.SerializeToUtf8Bytes(next, JsonStyle.Page));
            return State = next;
        }
    }

    private static JsonObject? Parse(string file)
    {
        try
        {
            return File.Exists(file) ? JsonFile.ParseObject(File.ReadAllBytes(file)) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private static string FileIn(string folder) => Path.Combine(folder, "project.json");

    private static ProjectState Read(string file)
    {
        try
        {
            ProjectState state = JsonSerializer.Deserialize<ProjectState>(File.ReadAllBytes(file), JsonStyle.Line)
                ?? throw new JsonException("it is empty.");
            string? why = state.Format != ProjectState.CurrentFormat ? $"its format is {state.Format}, this program knows 1."
                : state.Jobs.Any(j => j?.Name is null || !JobName().IsMatch(j.Name)) ? "a run in it has no name of ours."
                : state.Images is null || state.Setup is null || state.Strokes?.Instances is null ? "something is missing in it."
                : null;
            return why is null ? state : throw new JsonException(why);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file, $"can't be read: {e.Message} Move it away to begin anew; runs beside it stay.",
                e);
        }
    }

    // A name becomes a folder's: one that was written into the file by somebody else must not lead elsewhere.
    [GeneratedRegex("^(adapt|segment|rank|strokes|train)-[0-9]{1,6}$")]
    private static partial Regex JobName();
}
