using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SelfAdapt.Files;

/// <summary>
/// How all JSON is written: names in snake_case, enums as words, letters of any language as they are. What people read
/// is indented, logs have a line for each entry. A number that is not finite is null in files for others; states that
/// are read back bit for bit name it.
/// </summary>
internal static class JsonStyle
{
    public static JsonSerializerOptions Line { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static JsonSerializerOptions Page { get; } = new(Line) { WriteIndented = true, NewLine = "\n" };

    public static JsonWriterOptions Writer { get; } = new() { Encoder = Line.Encoder };
}
