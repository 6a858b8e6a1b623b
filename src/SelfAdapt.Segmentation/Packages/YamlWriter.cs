using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>Writes JSON values as YAML in block form, which is what people expect to find in a description.</summary>
internal static class YamlWriter
{
    private static readonly string[] Words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

    public static string Write(JsonObject root)
    {
        using StringWriter text = new() { NewLine = "\n" };
        Emitter emitter = new(text, EmitterSettings.Default.WithBestWidth(int.MaxValue).WithNewLine("\n"));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Write(emitter, root);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void Write(Emitter emitter, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject mapping:
                emitter.Emit(new MappingStart());
                foreach ((string key, JsonNode? item) in mapping)
                {
                    emitter.Emit(Text(key));
                    Write(emitter, item);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray list:
                emitter.Emit(new SequenceStart(
                    AnchorName.Empty, TagName.Empty, isImplicit: true, SequenceStyle.Block));
                foreach (JsonNode? item in list)
                {
                    Write(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            default:
                emitter.Emit(value?.GetValueKind() switch
                {
                    JsonValueKind.String => Text(value.GetValue<string>()),
                    JsonValueKind.Number => new Scalar(Number(value)),
                    _ => new Scalar(value?.ToJsonString() ?? "null"),
                });
                break;
        }
    }

    /// <summary>YAML 1.1 takes 1e-06 for a text: a number with an exponent needs its point.</summary>
    private static string Number(JsonNode value)
    {
        string text = value.ToJsonString();
        int exponent = text.AsSpan().IndexOfAny('e', 'E');
        return exponent < 0 || text.Contains('.', StringComparison.Ordinal) ? text : text.Insert(exponent, ".0");
    }

    private static Scalar Text(string text)
    {
        bool plain = text.Length > 0 && char.IsAsciiLetter(text[0])
            && text.All(c => char.IsAsciiLetterOrDigit(c) || "_-./ ()+".Contains(c, StringComparison.Ordinal))
            && text[^1] != ' ' && !Words.Contains(text, StringComparer.OrdinalIgnoreCase);
        return new Scalar(
            AnchorName.Empty, TagName.Empty, text, plain ? ScalarStyle.Plain : ScalarStyle.DoubleQuoted,
            isPlainImplicit: true, isQuotedImplicit: true);
    }
}
