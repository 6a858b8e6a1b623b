using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Results;

/// <summary>What a run's summary tells about how it was made: null where it doesn't.</summary>
internal sealed class RunRecord
{
    private readonly string _file;
    private readonly JsonObject _summary;

    private RunRecord(string file, JsonObject summary) => (_file, _summary) = (file, summary);

    /// <summary>The object diameter that the run's images were taken to have, px.</summary>
    public double? Diameter => Positive(Number("segmentation", "diameter"));

    /// <summary>The object diameter that the network was trained at, px.</summary>
    public double? DiamMean => Positive(Number("segmentation", "diam_mean"));

    /// <summary>The median diameter of the images' cells as the kept weights found them, px.</summary>
    public double? DiamLabels => Positive(Number("diam_labels"));

    /// <summary>Steps that the run made.</summary>
    public double? Iterations => Number("iterations");

    /// <summary>The step whose weights it kept.</summary>
    public double? KeptIteration => Number("kept_iteration");

    public double? Seed => Number("options", "seed");

    public string? StopReason => Text("stop_reason");

    /// <summary>How intensities were normalised.</summary>
    public string? Normalization => Text("segmentation", "normalization");

    /// <summary>The power of intensities that the kept weights see.</summary>
    public double? Gamma => Positive(Number("gamma"));

    /// <summary>Whether it kept the source as it was.</summary>
    public bool KeptOriginal => Find(["kept_original"]) is JsonValue value && value.TryGetValue(out bool original)
        ? original
        : KeptIteration == 0;

    /// <summary>Whether the run inverted intensities.</summary>
    public bool Invert => Find(["segmentation", "invert"]) is JsonValue value && value.TryGetValue(out bool on) && on;

    /// <summary>The share of the source's cells that the kept weights lose.</summary>
    public double? FnRate => Number("fn_rate");

    /// <summary>How far the kept weights moved the embeddings.</summary>
    public double? EmbeddingDistance => Number("embedding_distance");

    /// <summary>AP at 0.5 of the source and of the kept weights, where labels were given.</summary>
    public (double? Before, double? After) Ap50 => (Number("ap50_before"), Number("ap50_after"));

    /// <summary>Images that the run saw, those with labels, and those that checks looked at.</summary>
    public (double? All, double? Labelled, double? Looked) Images =>
        (Number("images"), Number("labelled_images"), Number("checked_images"));

    /// <summary>The two channel numbers, as --channels takes them.</summary>
    public string? Channels =>
        Number("segmentation", "channels", "first") is { } first
            && Number("segmentation", "channels", "second") is { } second
            ? FormattableString.Invariant($"{first},{second}")
            : null;

    /// <summary>What the network's outputs mean, as --outputs takes it.</summary>
    public string? Outputs => Text("outputs");

    /// <summary>How the run segmented its images.</summary>
    /// <exception cref="SelfAdaptException">NoUsableInput: the options are damaged.</exception>
    public SegmentationOptions? Segmentation
    {
        get
        {
            try
            {
                SegmentationOptions? options =
                    Find(["segmentation"]).Deserialize<SegmentationOptions>(JsonStyle.Line);
                options?.Validate();
                return options;
            }
            catch (Exception e) when (e is JsonException or SelfAdaptException)
            {
                throw Damaged(_file, e.Message, e);
            }
        }
    }

    /// <summary>Reads a run's summary; null if the folder holds none.</summary>
    /// <exception cref="SelfAdaptException">NoUsableInput: it can't be read, or is no JSON object.</exception>
    public static RunRecord? Read(string folder)
    {
        string file = RunFolder.Summary(folder);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            return JsonFile.ParseObject(File.ReadAllBytes(file)) is { } summary
                ? new RunRecord(file, summary)
                : throw Damaged(file, "it is no JSON object.", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Damaged(file, e.Message, e);
        }
    }

    private static SelfAdaptException Damaged(string file, string why, Exception? cause) => new(
        ErrorKind.UnreadableInput, file,
        $"can't be read: {why} Delete it to go on without what it tells of the run.", cause!);

    private static double? Positive(double? value) => value > 0 ? value : null;

    private double? Number(params ReadOnlySpan<string> path) =>
        Find(path) is JsonValue value && value.TryGetValue(out double number) ? number : null;

    private string? Text(params ReadOnlySpan<string> path) => JsonFile.Text(Find(path));

    private JsonNode? Find(ReadOnlySpan<string> path)
    {
        JsonNode? found = _summary;
        foreach (string key in path)
        {
            found = found is JsonObject level && level.TryGetPropertyValue(key, out JsonNode? inner) ? inner : null;
        }

        return found;
    }
}
