using System;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>YAML values within a line: quoted and plain texts, and lists and mappings in brackets.</summary>
internal sealed class YamlFlow
{
    private const int Deepest = 20;

    private readonly string _text;
    private readonly YamlLines _lines;
    private int _at;
    private int _depth;

    /// <summary>Takes a text.</summary>
    /// <param name="text">The value, lines joined by blanks.</param>
    /// <param name="lines">Where it stands, for messages.</param>
    public YamlFlow(string text, YamlLines lines) => (_text, _lines) = (text, lines);

    /// <summary>Whether quotes are closed and brackets balanced.</summary>
    /// <param name="text">What was read so far.</param>
    public static bool IsComplete(StringBuilder text)
    {
        int open = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                i += quote == '"' && c == '\\' ? 1 : 0;
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else
            {
                open += c is '[' or '{' ? 1 : c is ']' or '}' ? -1 : 0;
            }
        }

        return quote == '\0' && open <= 0;
    }

    /// <summary>What a plain text stands for: null, a truth value, a number or itself (YAML 1.2's core schema).</summary>
    /// <param name="text">The text.</param>
    public static JsonNode? Plain(string text)
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
        return numeric && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
            ? whole
            : numeric && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number)
            ? number
            : text;
    }

    /// <summary>The value; nothing but a comment may follow it.</summary>
    public JsonNode? Whole()
    {
        JsonNode? value = Value();
        SkipBlanks();
        return _at == _text.Length || _text[_at] == '#' ? value : throw _lines.Refused("text follows the value");
    }

    /// <summary>A quoted text.</summary>
    public string Text()
    {
        char quote = _text[_at++];
        StringBuilder result = new();
        while (_at < _text.Length)
        {
            char c = _text[_at++];
            if (c == quote)
            {
                if (quote == '"' || _at >= _text.Length || _text[_at] != '\'')
                {
                    return result.ToString();
                }

                _at++;
            }

            if (c == '\\' && quote == '"')
            {
                Escape(result);
            }
            else
            {
                result.Append(c);
            }
        }

        throw _lines.Refused("a quoted text has no end");
    }

    private JsonNode? Value()
    {
        SkipBlanks();
        if (_at == _text.Length)
        {
            throw _lines.Refused("a value is missing");
        }

        if (_text[_at] is '"' or '\'')
        {
            return Text();
        }

        if (_text[_at] is '[' or '{')
        {
            if (++_depth > Deepest)
            {
                throw _lines.Refused("it is nested too deeply");
            }

            JsonNode inner = _text[_at++] == '[' ? List() : Mapping();
            _depth--;
            return inner;
        }

        int start = _at;
        while (_at < _text.Length && _text[_at] is not (',' or ']' or '}' or ':'))
        {
            _at++;
        }

        return Plain(_text[start.._at].Trim());
    }

    private JsonArray List()
    {
        JsonArray list = [];
        while (!Ends(']'))
        {
            list.Add(Value());
            Separator(']');
        }

        return list;
    }

    private JsonObject Mapping()
    {
        JsonObject mapping = [];
        while (!Ends('}'))
        {
            string key = Value()?.ToString() ?? "";
            SkipBlanks();
            if (_at == _text.Length || _text[_at++] != ':' || !mapping.TryAdd(key, Value()))
            {
                throw _lines.Refused($"the pair '{key}' is not valid");
            }

            Separator('}');
        }

        return mapping;
    }

    private bool Ends(char bracket)
    {
        SkipBlanks();
        if (_at == _text.Length)
        {
            throw _lines.Refused($"'{bracket}' is missing");
        }

        bool ends = _text[_at] == bracket;
        _at += ends ? 1 : 0;
        return ends;
    }

    private void Separator(char bracket)
    {
        SkipBlanks();
        if (_at < _text.Length && _text[_at] == ',')
        {
            _at++;
        }
        else if (_at == _text.Length || _text[_at] != bracket)
        {
            throw _lines.Refused("a comma is missing");
        }
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && _text[_at] == ' ')
        {
            _at++;
        }
    }

    private void Escape(StringBuilder result)
    {
        char c = _at < _text.Length ? _text[_at++] : '\0';
        int digits = c switch { 'x' => 2, 'u' => 4, _ => 0 };
        if (digits > 0)
        {
            if (_at + digits > _text.Length || !ushort.TryParse(
                _text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                out ushort code))
            {
                throw _lines.Refused("an escape has too few digits");
            }

            result.Append((char)code);
            _at += digits;
            return;
        }

        result.Append(c switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '"' or '\\' or '/' or ' ' => c,
            _ => throw _lines.Refused($"the escape \\{c} isn't read"),
        });
    }
}
