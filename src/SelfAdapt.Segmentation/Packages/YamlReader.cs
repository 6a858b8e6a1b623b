using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>
/// Reads a YAML document as JSON values, within bounds: anchors, aliases, tags and further documents are refused.
/// </summary>
internal sealed class YamlReader(string document, string file)
{
    private const int MostCharacters = 1 << 20;
    private const int Deepest = 40;

    private readonly Parser _events = new(new StringReader(document));
    private int _depth;

    public static JsonObject Read(string text, string file)
    {
        YamlReader reader = new(text.TrimStart('\ufeff'), file);
        if (text.Length > MostCharacters)
        {
            throw reader.Refused($"it has more than {MostCharacters:N0} characters");
        }

        try
        {
            return reader.Document();
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
        {
            // The parser meets some malformed texts with faults of its own.
            throw reader.Refused(e.Message.TrimEnd('.'));
        }
    }

    private JsonObject Document()
    {
        _events.Consume<StreamStart>();
        if (_events.TryConsume<DocumentStart>(out _) && Value() is JsonObject root)
        {
            _events.Consume<DocumentEnd>();
            return _events.Accept<StreamEnd>(out _) ? root : throw Refused("a second document follows");
        }

        throw Refused("it is no mapping");
    }

    private JsonNode? Value()
    {
        ParsingEvent value = _events.Current!;
        if (value is not NodeEvent node || !node.Anchor.IsEmpty || !node.Tag.IsEmpty)
        {
            throw Refused("anchors, aliases and tags aren't read");
        }

        if (++_depth > Deepest)
        {
            throw Refused("it is nested too deeply");
        }

        _events.MoveNext();
        JsonNode? result = value switch
        {
            MappingStart => Mapping(),
            SequenceStart => List(),
            Scalar { Style: ScalarStyle.Plain } plain => Plain(plain.Value),
            _ => ((Scalar)value).Value,
        };
        _depth--;
        return result;
    }

    private JsonObject Mapping()
    {
        JsonObject mapping = [];
        while (!_events.TryConsume<MappingEnd>(out _))
        {
            string key = _events.Current is Scalar
                ? _events.Consume<Scalar>().Value
                : throw Refused("a key is no text");
            if (!mapping.TryAdd(key, Value()))
            {
                throw Refused($"the key '{key}' is there twice");
            }
        }

        return mapping;
    }

    private JsonArray List()
    {
        JsonArray list = [];
        while (!_events.TryConsume<SequenceEnd>(out _))
        {
            list.Add(Value());
        }

        return list;
    }

    /// <summary>What a plain text stands for: null, a truth value, a number or itself (YAML 1.2).</summary>
    private static JsonNode? Plain(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "true" or "True" or "TRUE":
                return true;
            case "false" or "False" or "FALSE":
                return false;
        }

        bool numeric = char.IsAsciiDigit(text[^1]) || text[^1] == '.';
        return !numeric
            ? text
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
            ? whole
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number)
            ? number
            : text;
    }

    private SelfAdaptException Refused(string reason) => new(
        ErrorKind.ModelMalformed, file, $"line {_events.Current?.Start.Line ?? 1} can't be read: {reason}.");
}
