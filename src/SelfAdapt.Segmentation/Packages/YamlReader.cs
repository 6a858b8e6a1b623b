using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json.Nodes;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>
/// Reads the part of YAML that descriptions are written in: block mappings and lists, plain, quoted and block texts,
/// lists and mappings in brackets, comments. Anchors, tags and several documents are refused.
/// </summary>
internal sealed class YamlReader
{
    private const int MostCharacters = 1 << 20;
    private const int Deepest = 40;

    private readonly YamlLines _lines;
    private int _depth;

    private YamlReader(YamlLines lines) => _lines = lines;

    /// <summary>Reads a document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">What messages call it.</param>
    /// <exception cref="SelfAdaptException">ModelMalformed: it can't be read; the message names the line.</exception>
    public static JsonObject Read(string text, string file)
    {
        YamlLines lines = new(text, file);
        if (text.Length > MostCharacters)
        {
            throw lines.Refused($"it has more than {MostCharacters:N0} characters");
        }

        YamlReader reader = new(lines);
        JsonNode? root = lines.SkipToContent() ? reader.Block(lines.Indent) : null;
        return !lines.SkipToContent() && root is JsonObject mapping
            ? mapping
            : throw lines.Refused(root is JsonObject ? "its indent fits no line above" : "it is no mapping");
    }

    private JsonNode? Block(int indent)
    {
        if (++_depth > Deepest)
        {
            throw _lines.Refused("it is nested too deeply");
        }

        string text = _lines.Text;
        JsonNode? value = IsItem(text) ? List(indent)
            : KeyEnd(text) >= 0 ? Mapping(indent)
            : Scalar(text, indent - 1);
        _depth--;
        return value;
    }

    private JsonArray List(int indent)
    {
        JsonArray list = [];
        while (_lines.SkipToContent() && _lines.Indent == indent && IsItem(_lines.Text))
        {
            string rest = _lines.Text[1..].TrimStart();
            if (rest.Length == 0 || rest[0] == '#')
            {
                _lines.Next();
                list.Add(Below(indent + 1));
                continue;
            }

            // What follows the dash is a block of its own, indented as far as it stands.
            int inner = indent + _lines.Text.Length - rest.Length;
            _lines.Replace(new string(' ', inner) + rest);
            list.Add(Block(inner));
        }

        return list;
    }

    private JsonObject Mapping(int indent)
    {
        JsonObject mapping = [];
        while (_lines.SkipToContent() && _lines.Indent == indent && KeyEnd(_lines.Text) is >= 0 and var end)
        {
            string text = _lines.Text;
            string key = text[0] is '"' or '\''
                ? new YamlFlow(text[..end], _lines).Text()
                : text[..end].TrimEnd();
            string rest = text[(end + 1)..].TrimStart();
            JsonNode? value;
            if (rest.Length == 0 || rest[0] == '#')
            {
                _lines.Next();
                bool list = _lines.SkipToContent() && _lines.Indent == indent && IsItem(_lines.Text);
                value = list ? Block(indent) : Below(indent + 1);
            }
            else
            {
                value = Scalar(rest, indent);
            }

            if (!mapping.TryAdd(key, value))
            {
                throw _lines.Refused($"the key '{key}' is there twice");
            }
        }

        return mapping;
    }

    private JsonNode? Below(int least) =>
        _lines.SkipToContent() && _lines.Indent >= least ? Block(_lines.Indent) : null;

    /// <summary>A value that begins in the line at the cursor and goes on in lines indented deeper.</summary>
    private JsonNode? Scalar(string first, int indent)
    {
        if (first[0] is '&' or '*' or '!' or '@' or '`' or '%')
        {
            throw _lines.Refused($"'{first[0]}' begins a kind of value that isn't read");
        }

        if (first[0] is '|' or '>')
        {
            return BlockText(first, indent);
        }

        bool flow = first[0] is '"' or '\'' or '[' or '{';
        StringBuilder whole = new(flow ? first : WithoutComment(first));
        _lines.Next();
        while (!(flow && YamlFlow.IsComplete(whole)) && _lines.SkipToContent() && _lines.Indent > indent)
        {
            if (!flow && KeyEnd(_lines.Text) >= 0)
            {
                throw _lines.Refused("a pair stands where the text before it goes on");
            }

            whole.Append(' ').Append(flow ? _lines.Text : WithoutComment(_lines.Text));
            _lines.Next();
        }

        return flow ? new YamlFlow(whole.ToString(), _lines).Whole() : YamlFlow.Plain(whole.ToString());
    }

    private JsonValue BlockText(string header, int indent)
    {
        bool folded = header[0] == '>';
        string marks = WithoutComment(header)[1..];
        if (marks is not ("" or "-" or "+"))
        {
            throw _lines.Refused("this form of block text isn't read");
        }

        _lines.Next();
        List<string> lines = [];
        int own = -1;
        while (_lines.Any && (_lines.Text.Length == 0 || _lines.Indent > indent))
        {
            own = own < 0 && _lines.Text.Length > 0 ? _lines.Indent : own;
            lines.Add(_lines.Text.Length == 0 ? "" : _lines.Raw[Math.Min(Math.Max(own, 0), _lines.Indent)..]);
            _lines.Next();
        }

        while (lines.Count > 0 && lines[^1].Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        string text = string.Join(folded ? ' ' : '\n', lines);
        return JsonValue.Create(marks == "-" || lines.Count == 0 ? text : text + "\n");
    }

    private static bool IsItem(string text) => text[0] == '-' && (text.Length == 1 || text[1] == ' ');

    /// <summary>Where the colon after a key stands; -1 if the line begins no pair.</summary>
    private static int KeyEnd(string text)
    {
        if (text[0] is '[' or '{')
        {
            return -1;
        }

        int from = 0;
        if (text[0] is '"' or '\'')
        {
            int close = text.IndexOf(text[0], 1);
            if (close < 0)
            {
                return -1;
            }

            from = close + 1;
            return from < text.Length && text[from] == ':' ? from : -1;
        }

        for (int i = from; i < text.Length; i++)
        {
            if (text[i] == '#' && i > 0 && text[i - 1] == ' ')
            {
                return -1;
            }

            if (text[i] == ':' && (i + 1 == text.Length || text[i + 1] == ' '))
            {
                return i;
            }
        }

        return -1;
    }

    private static string WithoutComment(string text)
    {
        int comment = text.IndexOf(" #", StringComparison.Ordinal);
        return (comment < 0 ? text : text[..comment]).TrimEnd();
    }
}
