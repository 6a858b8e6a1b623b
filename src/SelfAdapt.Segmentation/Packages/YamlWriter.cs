using System;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Writes JSON values as YAML in block form, which is what people expect to find in a description.</summary>
internal static class YamlWriter
{
    private static readonly string[] Words =
        ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

    /// <summary>The text of a document.</summary>
    /// <param name="root">An object.</param>
    public static string Write(JsonObject root)
    {
        StringBuilder text = new();
        WriteObject(text, root, 0, startsLine: true);
        return text.ToString();
    }

    private static void WriteObject(StringBuilder text, JsonObject value, int indent, bool startsLine)
    {
        foreach ((string key, JsonNode? item) in value)
        {
            if (startsLine)
            {
                text.Append(' ', indent);
            }

            startsLine = true;
            text.Append(Scalar(key)).Append(':');
            WriteValue(text, item, indent);
        }
    }

    private static void WriteValue(StringBuilder text, JsonNode? value, int indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } mapping:
                text.Append('\n');
                WriteObject(text, mapping, indent + 2, startsLine: true);
                break;
            case JsonArray { Count: > 0 } list:
                text.Append('\n');
                foreach (JsonNode? item in list)
                {
                    WriteItem(text, item, indent);
                }

                break;
            default:
                text.Append(' ').Append(Leaf(value)).Append('\n');
                break;
        }
    }

    private static void WriteItem(StringBuilder text, JsonNode? item, int indent)
    {
        text.Append(' ', indent).Append('-');
        if (item is JsonObject { Count: > 0 } mapping)
        {
            text.Append(' ');
            WriteObject(text, mapping, indent + 2, startsLine: false);
        }
        else
        {
            WriteValue(text, item, indent + 2);
        }
    }

    private static string Leaf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => Scalar(value.GetValue<string>()),
            JsonValueKind.Number => Number(value),
            _ => value.ToJsonString(),
        },
    };

    /// <summary>YAML 1.1 takes 1e-06 for a text: a number with an exponent needs its point.</summary>
    private static string Number(JsonNode value)
    {
        string text = value.ToJsonString();
        int exponent = text.AsSpan().IndexOfAny('e', 'E');
        return exponent < 0 || text.Contains('.', StringComparison.Ordinal) ? text : text.Insert(exponent, ".0");
    }

    private static string Scalar(string text)
    {
        bool plain = text.Length > 0 && char.IsAsciiLetter(text[0])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || "_-./ ()+".Contains(c, StringComparison.Ordinal))
            && text[^1] != ' ' && !Words.Contains(text, StringComparer.OrdinalIgnoreCase);
        if (plain)
        {
            return text;
        }

        StringBuilder quoted = new("\"");
        foreach (char c in text)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                < ' ' or '\u007f' or '\u0085' or '\u2028' or '\u2029' or '\ufeff' =>
                    "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
