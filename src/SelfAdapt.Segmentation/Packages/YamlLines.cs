using System;
using System.Collections.Generic;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>The lines of a YAML document with a cursor; what is no content is stepped over.</summary>
internal sealed class YamlLines
{
    private readonly string _file;
    private readonly List<string> _lines;

    /// <summary>Splits a text.</summary>
    /// <param name="text">The document.</param>
    /// <param name="file">What messages call it.</param>
    public YamlLines(string text, string file)
    {
        _file = file;
        _lines = [.. text.ReplaceLineEndings("\n").Split('\n')];
        if (_lines[0].StartsWith('\ufeff'))
        {
            _lines[0] = _lines[0][1..];
        }
    }

    /// <summary>0-based line of the cursor.</summary>
    public int At { get; private set; }

    /// <summary>Whether raw lines are left.</summary>
    public bool Any => At < _lines.Count;

    /// <summary>The line at the cursor as it is.</summary>
    public string Raw => _lines[At];

    /// <summary>The indent of the line at the cursor.</summary>
    public int Indent => Raw.Length - Raw.TrimStart(' ').Length;

    /// <summary>The line at the cursor without its indent.</summary>
    public string Text => Raw.Trim();

    /// <summary>Goes to the next line.</summary>
    public void Next() => At++;

    /// <summary>Puts another line in the place of the one at the cursor.</summary>
    /// <param name="line">The line.</param>
    public void Replace(string line) => _lines[At] = line;

    /// <summary>Goes on to the next line with content; false at the end.</summary>
    public bool SkipToContent()
    {
        while (Any)
        {
            string text = Text;
            if (text == "...")
            {
                At = _lines.Count;
                return false;
            }

            if (text.Length > 0 && text[0] != '#' && !(Indent == 0 && (text[0] == '%' || text == "---")))
            {
                return Raw.IndexOf('\t', StringComparison.Ordinal) is var tab && (tab < 0 || tab > Indent)
                    ? true
                    : throw Refused("a tab indents it; YAML takes blanks");
            }

            At++;
        }

        return false;
    }

    /// <summary>The error for what is not YAML, or not of the part that is read.</summary>
    /// <param name="reason">What is wrong.</param>
    public SelfAdaptException Refused(string reason) => new(
        ExitCode.ModelMalformed, $"{_file}: line {Math.Min(At + 1, _lines.Count)} can't be read: {reason}.");
}
