using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>
/// What segment has finished in a folder: a line of JSON for each image file, so that a run that was broken off goes on
/// where it stopped.
/// </summary>
internal sealed class SegmentJournal : IDisposable
{
    /// <summary>The journal's name in the folder of results.</summary>
    public const string FileName = "selfadapt_segment.jsonl";

    private const string DiameterKey = "diameter";
    private const string InvertKey = "invert";

    private readonly string _folder;
    private readonly string _options;
    private readonly Dictionary<string, JsonObject> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<SegmentedImage>?> _finished = new(StringComparer.Ordinal);
    private LineFile? _lines;

    private SegmentJournal(string folder, string options) => (_folder, _options) = (folder, options);

    private string Place => Path.Combine(_folder, FileName);

    /// <summary>Reads a folder's journal; lines that can't be read don't count.</summary>
    /// <param name="folder">The folder of results.</param>
    /// <param name="options">All that decides what results are, as text.</param>
    public static SegmentJournal Open(string folder, string options)
    {
        SegmentJournal journal =
            new(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options))));
        try
        {
            foreach (JsonObject entry in File.Exists(journal.Place) ? JsonLines.Read(journal.Place, Parse) : [])
            {
                if (JsonFile.Text(entry["file"]) is { } file)
                {
                    journal._entries[file] = entry;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a journal everything is done anew, or refused where results are there.
            journal._entries.Clear();
        }

        return journal;
    }

    /// <summary>
    /// The diameter that earlier results in a folder were made with, px, and whether their images were inverted; null where there
    /// are none. Images that join a folder are segmented as those before them.
    /// </summary>
    /// <param name="folder">The folder of results.</param>
    public static (double? Diameter, bool? Invert) Earlier(string folder)
    {
        using SegmentJournal journal = Open(folder, "");
        JsonObject? last = journal._entries.Values.LastOrDefault();
        return (
            last?[DiameterKey] is JsonValue size && size.TryGetValue(out double diameter) && diameter > 0 ? diameter : null,
            last?[InvertKey] is JsonValue value && value.TryGetValue(out bool invert) ? invert : null);
    }

    /// <summary>
    /// The results of an image file that an earlier run finished with the same options, and which are still as they were
    /// written; null if it has to be done.
    /// </summary>
    public IReadOnlyList<SegmentedImage>? Finished(string file)
    {
        if (!_finished.TryGetValue(file, out IReadOnlyList<SegmentedImage>? images))
        {
            images = Look(file);
            _finished[file] = images;
        }

        return images;
    }

    /// <summary>All that decides the results of an image file, as text.</summary>
    public string Deciding(string file) => $"{_options} {StateOf(file)}";

    /// <summary>Notes an image file as finished.</summary>
    /// <param name="options">What they were made with.</param>
    /// <param name="images">The results of its images, with their files.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the journal can't be written.</exception>
    public void Add(string file, SegmentationOptions options, IEnumerable<SegmentedImage> images)
    {
        _lines ??= LineFile.Append(Place);
        JsonObject entry = new()
        {
            ["file"] = Path.GetFullPath(file),
            ["state"] = StateOf(file),
            ["options"] = _options,
            [DiameterKey] = options.Diameter,
            [InvertKey] = options.Invert,
            ["images"] = new JsonArray([.. images.Select(image =>
            {
                JsonObject noted = image.ToJson();
                noted["sha256"] = new JsonArray([.. image.Files.Select(f => (JsonNode?)HashOf(f))]);
                return (JsonNode)noted;
            })]),
        };
        _lines.Write(entry.ToJsonString(JsonStyle.Line));
    }

    public void Dispose() => _lines?.Dispose();

    private List<SegmentedImage>? Look(string file)
    {
        try
        {
            if (_entries.GetValueOrDefault(Path.GetFullPath(file)) is not { } entry
                || JsonFile.Text(entry["options"]) != _options || JsonFile.Text(entry["state"]) != StateOf(file)
                || entry["images"] is not JsonArray { Count: > 0 } images)
            {
                return null;
            }

            List<SegmentedImage> whole = [.. images.OfType<JsonObject>().Select(Whole).OfType<SegmentedImage>()];
            return whole.Count == images.Count ? whole : null;
        }
        catch (ArgumentException)
        {
            // A damaged journal may name files that no file can be called.
            return null;
        }
    }

    /// <summary>An image whose files are as they were written; null otherwise.</summary>
    private static SegmentedImage? Whole(JsonObject noted) =>
        SegmentedImage.FromJson(noted) is { } image && noted["sha256"] is JsonArray hashes
            && image.Files.Select(HashOf).SequenceEqual(hashes.Select(JsonFile.Text)) ? image : null;

    private static string? HashOf(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Length and time: what changes when a file does.</summary>
    private static string StateOf(string file)
    {
        FileInfo info = new(file);
        return info.Exists
            ? FormattableString.Invariant($"{info.Length} bytes, {info.LastWriteTimeUtc.Ticks}")
            : "absent";
    }

    private static JsonObject? Parse(string line) =>
        JsonFile.ParseObject(Encoding.UTF8.GetBytes(line)) is { Count: > 0 } entry ? entry : null;
}
