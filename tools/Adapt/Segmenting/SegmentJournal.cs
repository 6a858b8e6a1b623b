using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>
/// What segment has finished in a folder: a line of JSON for each image file, so that a run that was broken off goes on
/// where it stopped. The parts of a run write a journal each and read them all.
/// </summary>
internal sealed class SegmentJournal : IDisposable
{
    /// <summary>The journal's name in the folder of results; those of parts have their number in it.</summary>
    public const string FileName = Beginning + Ending;

    private const string Beginning = "selfadapt_segment";
    private const string Ending = ".jsonl";
    private const string BegunKey = "begun";
    private const string DiameterKey = "diameter";
    private const string InvertKey = "invert";

    private readonly string _folder;
    private readonly string _options;
    private readonly string _name;
    private readonly Dictionary<string, JsonObject> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FinishedFile?> _finished = new(StringComparer.Ordinal);
    private readonly HashSet<string> _begun = new(StringComparer.Ordinal);
    private JsonObject? _last;
    private LineFile? _lines;

    private SegmentJournal(string folder, string options, Shard? shard)
    {
        _folder = folder;
        _options = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options)));
        _name = shard is null
            ? FileName
            : FormattableString.Invariant($"{Beginning}.{shard.Number}-of-{shard.Count}{Ending}");
    }

    /// <summary>Reads a folder's journals; lines that can't be read don't count.</summary>
    /// <param name="folder">The folder of results.</param>
    /// <param name="options">All that decides what results are, as text.</param>
    /// <param name="shard">The part of the run; null for all of it.</param>
    public static SegmentJournal Open(string folder, string options, Shard? shard = null)
    {
        SegmentJournal journal = new(folder, options, shard);
        try
        {
            foreach (JsonObject entry in Journals(folder).SelectMany(j => JsonLines.Read(j, Parse)))
            {
                if (JsonFile.Text(entry[BegunKey]) is { } begun)
                {
                    if (JsonFile.Text(entry["options"]) == journal._options)
                    {
                        journal._begun.Add(begun);
                    }
                }
                else if (JsonFile.Text(entry["file"]) is { } file)
                {
                    journal._begun.ExceptWith(NamesOf(entry));

                    // What another part knows of a file with other options does not hide what was done with these.
                    journal._last = entry;
                    if (JsonFile.Text(entry["options"]) == journal._options
                        || JsonFile.Text(journal._entries.GetValueOrDefault(file)?["options"]) != journal._options)
                    {
                        journal._entries[file] = entry;
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without a journal everything is done anew, or refused where results are there.
            journal._entries.Clear();
            journal._begun.Clear();
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
        JsonObject? last = journal._last;
        return (
            last?[DiameterKey] is JsonValue size && size.TryGetValue(out double diameter) && diameter > 0 ? diameter : null,
            last?[InvertKey] is JsonValue value && value.TryGetValue(out bool invert) ? invert : null);
    }

    /// <summary>
    /// The results of an image file that an earlier run finished with the same options, and which are still as they were
    /// written; null if it has to be done.
    /// </summary>
    public FinishedFile? Finished(string file) => Noted(file) is { Images.Count: > 0 } finished ? finished : null;

    /// <summary>The same, also for a file of which nothing could be used.</summary>
    public FinishedFile? Noted(string file)
    {
        if (!_finished.TryGetValue(file, out FinishedFile? finished))
        {
            finished = Look(file);
            _finished[file] = finished;
        }

        return finished;
    }

    /// <summary>All that decides the results of an image file, as text.</summary>
    public string Deciding(string file) => $"{_options} {StateOf(file)}";

    /// <summary>
    /// Whether a run with the same options was broken off while it wrote an image's results: what is there of them is its own.
    /// </summary>
    public bool HasBegun(string name) => _begun.Contains(name);

    /// <summary>Whether a line tells that results are being written, and not yet that a file is finished.</summary>
    public static bool IsOfBeginning(string line) => line.StartsWith($"{{\"{BegunKey}\"", StringComparison.Ordinal);

    /// <summary>Notes that an image's results are written from here on, in places that are free.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the journal can't be written.</exception>
    public void Begin(string name) => Write(new JsonObject { [BegunKey] = name, ["options"] = _options });

    /// <summary>Notes an image file as finished.</summary>
    /// <param name="options">What its images were segmented with.</param>
    /// <param name="finished">Their results, and why the others have none.</param>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the journal can't be written.</exception>
    public void Add(string file, SegmentationOptions options, FinishedFile finished)
    {
        JsonObject entry = new()
        {
            ["file"] = Path.GetFullPath(file),
            ["state"] = StateOf(file),
            ["options"] = _options,
            [DiameterKey] = options.Diameter,
            [InvertKey] = options.Invert,
            ["images"] = new JsonArray([.. finished.Images.Select(image =>
            {
                JsonObject noted = image.ToJson();
                noted["sha256"] = new JsonArray([.. image.Files.Select(f => (JsonNode?)HashOf(f))]);
                return (JsonNode)noted;
            })]),
        };
        if (finished.Skipped.Count > 0)
        {
            entry["skipped"] = new JsonArray([.. finished.Skipped.Select(reason => (JsonNode)reason)]);
        }

        Write(entry);
    }

    /// <summary>Makes one journal of all, with the files of a folder in their order; those of parts are gone then.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the journal can't be written.</exception>
    public void Join(IEnumerable<string> files)
    {
        string[] parts = [.. Journals(_folder).Where(j => Path.GetFileName(j) != _name)];
        OutputFile.WriteDurably(Path.Combine(_folder, _name), stream =>
        {
            foreach (JsonObject entry in files.Select(f => _entries[Path.GetFullPath(f)]))
            {
                stream.Write(Encoding.UTF8.GetBytes(entry.ToJsonString(JsonStyle.Line) + "\n"));
            }
        });
        Array.ForEach(parts, OutputFile.Delete);
    }

    public void Dispose() => _lines?.Dispose();

    private void Write(JsonObject line)
    {
        _lines ??= LineFile.Append(Path.Combine(_folder, _name));
        _lines.Write(line.ToJsonString(JsonStyle.Line));
    }

    private static string[] NamesOf(JsonObject entry)
    {
        try
        {
            return [.. (entry["images"] as JsonArray ?? []).OfType<JsonObject>().Select(i => JsonFile.Text(i["name"])).OfType<string>()];
        }
        catch (ArgumentException)
        {
            // A key that is there twice.
            return [];
        }
    }

    /// <summary>All journals of a folder, the one that was written last at the end.</summary>
    private static IEnumerable<string> Journals(string folder) => Directory.Exists(folder)
        ? Directory.GetFiles(folder, Beginning + "*" + Ending).OrderBy(File.GetLastWriteTimeUtc).ThenBy(j => j, StringComparer.Ordinal)
        : [];

    private FinishedFile? Look(string file)
    {
        try
        {
            if (_entries.GetValueOrDefault(Path.GetFullPath(file)) is not { } entry
                || JsonFile.Text(entry["options"]) != _options || JsonFile.Text(entry["state"]) != StateOf(file)
                || entry["images"] is not JsonArray images)
            {
                return null;
            }

            List<SegmentedImage> whole = [.. images.OfType<JsonObject>().Select(Whole).OfType<SegmentedImage>()];
            List<string> skipped = [.. (entry["skipped"] as JsonArray ?? []).Select(JsonFile.Text).OfType<string>()];
            return whole.Count == images.Count && whole.Count + skipped.Count > 0 ? new(whole, skipped) : null;
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
        FileInfo info = new(NumberGrids.FileOf(file));
        return info.Exists
            ? FormattableString.Invariant($"{info.Length} bytes, {info.LastWriteTimeUtc.Ticks}")
            : "absent";
    }

    private static JsonObject? Parse(string line) =>
        JsonFile.ParseObject(Encoding.UTF8.GetBytes(line)) is { Count: > 0 } entry ? entry : null;
}

/// <summary>What came of an image file.</summary>
/// <param name="Images">The results of its images.</param>
/// <param name="Skipped">Why others of its images, or the file, have none.</param>
internal sealed record FinishedFile(IReadOnlyList<SegmentedImage> Images, IReadOnlyList<string> Skipped);
