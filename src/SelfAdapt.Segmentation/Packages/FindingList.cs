using System.Text.Json;
using System.Text.Json.Nodes;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Collects what is wrong with a package.</summary>
internal sealed class FindingList
{
    private readonly List<PackageFinding> _all = [];

    public IReadOnlyList<PackageFinding> All => _all;

    public void Error(string place, string message) => _all.Add(new(true, place, message));

    public void Require(bool condition, string place, string message)
    {
        if (!condition)
        {
            Error(place, message);
        }
    }

    public void Advise(bool condition, string place, string message)
    {
        if (!condition)
        {
            _all.Add(new(false, place, message));
        }
    }

    /// <summary>The file that an entry names under "source", its checksum compared; null if it is not there.</summary>
    public byte[]? File(PackageArchive archive, JsonNode? entry, string place)
    {
        string? name = Node.Text(entry, "source");
        byte[]? content = name is null ? null : archive.Find(name);
        if (content is null)
        {
            Error(place + ".source", $"'{name}' is not in the package");
            return null;
        }

        string? checksum = Node.Text(entry, PackageFiles.ChecksumsKey);
        Advise(checksum is not null, place + ".sha256", "there is none");
        Require(
            checksum is null || string.Equals(
                checksum, PackageFiles.Checksum(content), StringComparison.OrdinalIgnoreCase),
            place + ".sha256", $"it is not that of '{name}'");
        return content;
    }
}

/// <summary>Values of a description that may be of any kind.</summary>
internal static class Node
{
    /// <summary>A text; null if it is none.</summary>
    public static string? Text(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static string? Text(JsonNode? node, string key) => Text(Child(node, key));

    /// <summary>A number in a mapping; null if it is none.</summary>
    public static double? Number(JsonNode? node, string key) =>
        Child(node, key) is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)
            : null;

    /// <summary>A list in a mapping; empty if it is none.</summary>
    public static JsonArray List(JsonNode? node, string key) => Child(node, key) as JsonArray ?? [];

    public static JsonNode? Child(JsonNode? node, string key) => node is JsonObject mapping ? mapping[key] : null;
}
