using System.Globalization;
using System.Text;

namespace SelfAdapt.Benchmarks;

/// <summary>Markdown, on the console as it comes and in a file if asked for.</summary>
/// <param name="path">The file, or null.</param>
/// <param name="smoke">The run is too short or too small for its verdicts to count.</param>
internal sealed class Report(string? path, bool smoke)
{
    private readonly StringBuilder _text = new();

    public void Line(FormattableString text) => Line(text.ToString(CultureInfo.InvariantCulture));

    public void Line(string text = "")
    {
        Console.WriteLine(text);
        _text.Append(text).Append('\n');
        if (path is not null)
        {
            File.WriteAllText(path, _text.ToString());
        }
    }

    public void Section(string title, FormattableString what)
    {
        Line();
        Line($"## {title}");
        Line();
        Line(what);
    }

    /// <summary>Begins a table: columns to the left are text, the others numbers.</summary>
    /// <param name="textColumns">How many columns hold text.</param>
    /// <param name="columns">Their titles.</param>
    public void Table(int textColumns, params string[] columns)
    {
        Line();
        Line($"| {string.Join(" | ", columns)} |");
        Line($"|{string.Concat(columns.Select((_, i) => i < textColumns ? "---|" : "---:|"))}");
    }

    /// <summary>One row.</summary>
    /// <param name="cells">Numbers come with the digits that fit them; null is a dash.</param>
    public void Row(params object?[] cells) => Line($"| {string.Join(" | ", cells.Select(Cell))} |");

    /// <summary>Says what the goal is and whether it holds.</summary>
    /// <param name="goal">The goal, in words.</param>
    /// <param name="value">What was measured; null where the peer is missing.</param>
    /// <param name="limit">The most it may be.</param>
    public void Verdict(string goal, double? value, double limit)
    {
        string verdict = value is not { } v ? "not measured"
            : (v <= limit ? "**holds**" : "**does not hold**") + Text($", {v:f3}");
        Line();
        Line($"Goal: {goal} at most {Text($"{limit:f2}")}: {verdict}{(smoke ? " (smoke run, no proof)" : "")}.");
    }

    private static string Cell(object? cell) => cell switch
    {
        null or double.NaN => "-",
        double and 0 => "0",
        double number when Math.Abs(number) < 1e-3 => Text($"{number:0.0e-0}"),
        double number when Math.Abs(number) < 10 => Text($"{number:f3}"),
        double number when Math.Abs(number) < 100 => Text($"{number:f1}"),
        double number => Text($"{number:f0}"),
        _ => Text($"{cell}"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
