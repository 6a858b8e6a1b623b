using System.Text.Json.Nodes;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Viewer;

/// <summary>What the viewer shows of a run's folder.</summary>
internal sealed class ViewerRun
{
    private readonly string _folder;

    private ViewerRun(string folder, IReadOnlyList<string> images, JsonObject description) =>
        (_folder, Images, Description) = (folder, images, description);

    /// <summary>Names of the images with masks before and after, ordered.</summary>
    public IReadOnlyList<string> Images { get; }

    /// <summary>What the page needs to know.</summary>
    public JsonObject Description { get; }

    /// <summary>Looks at a run's folder.</summary>
    /// <param name="runtimeMissing">Why the page can't run a model; null if it can.</param>
    /// <exception cref="SelfAdaptException">
    /// NoUsableInput: it is no run's folder, or its summary is damaged.
    /// </exception>
    public static ViewerRun Open(string folder, string? runtimeMissing)
    {
        folder = Path.GetFullPath(folder);
        RunRecord record = RunRecord.Read(folder) ?? throw new SelfAdaptException(
            ErrorKind.UnreadableInput, folder,
            File.Exists(RunFolder.Groups(folder))
            ? $"holds the runs of several groups. Name one of them, such as {RunFolder.Group(folder, 1)}."
            : $"holds no {Path.GetFileName(RunFolder.Summary(folder))}, so it is no run's folder. Name the "
            + "folder that adapt or demo wrote (--out).");
        string shown = RunFolder.Shown(folder);
        string[] images = Directory.Exists(shown)
            ? [.. Directory.GetFiles(shown, "*.png").Select(f => Path.GetFileNameWithoutExtension(f))
                .Where(n => File.Exists(Masks(RunFolder.MasksBefore(folder), n))
                    && File.Exists(Masks(RunFolder.MasksAfter(folder), n)))
                .Order(StringComparer.Ordinal)]
            : [];
        SegmentationOptions options = record.Segmentation ?? new SegmentationOptions();
        string adapted = RunFolder.Adapted(folder);
        (JsonObject? settings, string? why) = runtimeMissing is not null || !File.Exists(adapted)
            ? (null, runtimeMissing ?? "This run kept no model, so there is nothing to try images with.")
            : LiveModel.Settings(adapted, record.Outputs is { } words ? OutputMeaning.Parse(words) : null, _ => options);
        JsonObject description = new()
        {
            ["name"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)),
            ["report"] = File.Exists(RunFolder.Report(folder)),
            ["settings"] = settings,
            ["why"] = why,
        };
        return new ViewerRun(folder, images, description);
    }

    /// <summary>The picture of an image.</summary>
    /// <param name="index">Its place in <see cref="Images"/>.</param>
    public string ImageFile(int index) => Path.Combine(RunFolder.Shown(_folder), Images[index] + ".png");

    /// <summary>The mask file of an image.</summary>
    /// <param name="index">Its place in <see cref="Images"/>.</param>
    /// <param name="after">With the kept model, or with the original.</param>
    public string MaskFile(int index, bool after) =>
        Masks(after ? RunFolder.MasksAfter(_folder) : RunFolder.MasksBefore(_folder), Images[index]);

    public string ReportFile => RunFolder.Report(_folder);

    /// <summary>The model as one file, which is all that the page can take.</summary>
    public byte[]? ReadModel() =>
        Read(RunFolder.Adapted(_folder)) is null ? null : LiveModel.Read(RunFolder.Adapted(_folder));

    /// <summary>
    /// Reads a file of the run: null if it is absent, or a link out of the folder, which is not followed.
    /// </summary>
    /// <param name="path">One of the paths above.</param>
    public byte[]? Read(string path)
    {
        for (string? at = path; at is not null && at.Length > _folder.Length; at = Path.GetDirectoryName(at))
        {
            if (new FileInfo(at).LinkTarget is not null)
            {
                return null;
            }
        }

        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Masks(string folder, string name) => Path.Combine(folder, RunFolder.MaskFile(name));
}
