using System.Text.Json;

namespace SelfAdapt.Files.Zarr;

/// <summary>The metadata of a group or an array in a folder, of Zarr version 2 or 3.</summary>
internal sealed class ZarrFolder
{
    private const string Version3 = "zarr.json";
    private const string Array2 = ".zarray";
    private const string Group2 = ".zgroup";
    private const string Attributes2 = ".zattrs";
    private const long MostBytes = 1 << 26;

    private ZarrFolder(string path, FileBytes file, bool isVersion3, JsonElement? array, JsonElement attributes) =>
        (Path, File, IsVersion3, Array, Attributes) = (path, file, isVersion3, array, attributes);

    public string Path { get; }

    /// <summary>The metadata's file, for messages.</summary>
    public FileBytes File { get; }

    public bool IsVersion3 { get; }

    /// <summary>What describes an array; null for a group.</summary>
    public JsonElement? Array { get; }

    /// <summary>An empty object where there are none.</summary>
    public JsonElement Attributes { get; }

    /// <summary>The attributes that OME-Zarr gives a meaning.</summary>
    public JsonElement Ome => Attributes.TryGetProperty("ome", out JsonElement ome) && ome.ValueKind == JsonValueKind.Object
        ? ome : Attributes;

    /// <summary>The file that tells that a folder is one; null where it is not.</summary>
    public static string? MetadataOf(string path) =>
        new[] { Version3, Array2, Group2, Attributes2 }.Select(name => System.IO.Path.Combine(path, name))
            .FirstOrDefault(System.IO.File.Exists);

    /// <summary>Reads the metadata.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: there are none, or they are damaged.</exception>
    public static ZarrFolder Read(string path)
    {
        string In(string name) => System.IO.Path.Combine(path, name);
        if (System.IO.File.Exists(In(Version3)))
        {
            (FileBytes file, JsonElement node) = Parse(In(Version3));
            bool isArray = Text(node, "node_type") == "array";
            return new(path, file, true, isArray ? node : null, Object(node, "attributes"));
        }

        JsonElement attributes = System.IO.File.Exists(In(Attributes2)) ? Parse(In(Attributes2)).Root : Empty;
        if (System.IO.File.Exists(In(Array2)))
        {
            (FileBytes file, JsonElement array) = Parse(In(Array2));
            return new(path, file, false, array, attributes);
        }

        return MetadataOf(path) is { } metadata
            ? new(path, new FileBytes(metadata, []), false, null, attributes)
            : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"holds no metadata of Zarr ({Version3}, {Group2} or {Array2}).");
    }

    /// <summary>A property that is an object; an empty one where it is not there.</summary>
    public static JsonElement Object(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.Object ? value : Empty;

    /// <summary>A property's elements; none where it is no list.</summary>
    public static IReadOnlyList<JsonElement> List(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [];

    /// <summary>A property's text; null where it has none.</summary>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement Empty { get; } = JsonDocument.Parse("{}").RootElement;

    private static (FileBytes File, JsonElement Root) Parse(string path)
    {
        FileBytes file = FileBytes.Load(path);
        try
        {
            JsonElement root = file.Length > MostBytes
                ? throw file.Unsupported($"its metadata are {file.Length:N0} bytes, more than the {MostBytes:N0} that are read")
                : JsonDocument.Parse(file.All.ToArray()).RootElement;
            return root.ValueKind == JsonValueKind.Object ? (file, root) : throw file.Malformed("it holds no JSON object");
        }
        catch (JsonException e)
        {
            throw file.Malformed($"it is no JSON ({e.Message.TrimEnd('.')})");
        }
    }
}
