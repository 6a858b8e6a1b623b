using System.Text.Json.Nodes;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>What segment tells of an image, kept small: a folder may hold a hundred thousand.</summary>
/// <param name="Name">The image's name, unique among the results.</param>
/// <param name="File">The file that it was read from.</param>
/// <param name="Files">The files that were written, the masks first.</param>
internal sealed record SegmentedImage(
    string Name, string File, IReadOnlyList<string> Files, int Cells, double Seconds)
{
    /// <summary>The same for scripts and for the journal.</summary>
    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["file"] = File,
        ["masks"] = Files[0],
        ["files"] = new JsonArray([.. Files.Select(f => (JsonNode)f)]),
        ["cells"] = Cells,
        ["seconds"] = ResultFile.Number(Seconds),
    };

    /// <summary>Reads it back; null where something is missing.</summary>
    /// <param name="json">What <see cref="ToJson"/> gave, perhaps damaged since.</param>
    public static SegmentedImage? FromJson(JsonObject json)
    {
        string[] files = json["files"] is JsonArray all ? [.. all.Select(JsonFile.Text).OfType<string>()] : [];
        return files.Length > 0 && JsonFile.Text(json["name"]) is { } name && JsonFile.Text(json["file"]) is { } file
            && json["cells"] is JsonValue cells && cells.TryGetValue(out int count)
            ? new(name, file, files, count, (json["seconds"] as JsonValue)?.TryGetValue(out double s) == true ? s : 0)
            : null;
    }
}
