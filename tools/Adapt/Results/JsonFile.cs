using System.Text.Json;
using System.Text.Json.Nodes;

namespace SelfAdapt.Tool.Results;

/// <summary>
/// JSON from files. The parser leaves texts and keys as they are until they are asked for, and only then finds that one
/// is no Unicode, or there twice; here all is looked at once.
/// </summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Once = new() { AllowDuplicateProperties = false };

    /// <summary>Reads an object.</summary>
    /// <param name="content">The text, UTF-8.</param>
    /// <returns>The object; null if it is another kind of value.</returns>
    /// <exception cref="JsonException">It is no JSON, holds a key twice, or text that is no Unicode.</exception>
    public static JsonObject? ParseObject(ReadOnlySpan<byte> content)
    {
        try
        {
            JsonNode? root = JsonNode.Parse(content, documentOptions: Once);
            Touch(root);
            return root as JsonObject;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>A text; null if it is another kind of value.</summary>
    public static string? Text(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((_, JsonNode? member) in members)
                {
                    Touch(member);
                }

                break;
            case JsonArray items:
                foreach (JsonNode? item in items)
                {
                    Touch(item);
                }

                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                value.GetValue<string>();
                break;
        }
    }
}
