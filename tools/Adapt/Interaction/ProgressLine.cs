using System.Diagnostics;

namespace SelfAdapt.Tool.Interaction;

/// <summary>
/// How far a verb is: one line that is drawn over on a terminal, a line per step where the output is none.
/// </summary>
internal sealed class ProgressLine
{
    private const double SecondsDrawn = 0.2;
    private const double SecondsWritten = 15;

    private readonly TextWriter _writer;
    private readonly bool _interactive;
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private int _drawn;

    /// <summary>Takes the writer.</summary>
    /// <param name="writer">Where the line goes.</param>
    /// <param name="interactive">Whether it may be drawn over.</param>
    public ProgressLine(TextWriter writer, bool interactive) =>
        (_writer, _interactive) = (writer, interactive);

    /// <summary>Shows a step in place of the one before.</summary>
    public void Step(string text)
    {
        if (!_interactive)
        {
            _writer.WriteLine(text);
            return;
        }

        string shown = Fit(text);
        _writer.Write('\r' + shown + new string(' ', Math.Max(0, _drawn - shown.Length)));
        _writer.Flush();
        _drawn = shown.Length;
    }

    /// <summary>
    /// The same for steps that are many: one that comes too soon after the one before is not shown.
    /// </summary>
    public void StepAtTimes(Func<string> text)
    {
        if (_since.Elapsed.TotalSeconds >= (_interactive ? SecondsDrawn : SecondsWritten))
        {
            Step(text());
            _since.Restart();
        }
    }

    /// <summary>Writes a line that stays.</summary>
    public void Note(string text)
    {
        Finish();
        _writer.WriteLine(text);
    }

    /// <summary>Ends a line that was being drawn over.</summary>
    public void Finish()
    {
        if (_drawn > 0)
        {
            _writer.Write('\r' + new string(' ', _drawn) + '\r');
            _drawn = 0;
        }
    }

    /// <summary>A line that wraps could not be drawn over.</summary>
    private static string Fit(string text)
    {
        const int Narrowest = 20;
        int width = Console.IsOutputRedirected && Console.IsErrorRedirected ? 0 : Console.WindowWidth - 1;
        return width >= Narrowest && text.Length > width ? text[..width] : text;
    }
}
