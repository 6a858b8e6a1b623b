using System.Diagnostics;

namespace SelfAdapt.Tool.Interaction;

/// <summary>How far a batch of files is, with the time that it will take.</summary>
internal sealed class BatchProgress
{
    private readonly ProgressLine _line;
    private readonly int _files;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private int _done;
    private int _worked;
    private double? _begun;

    /// <summary>Starts the clock.</summary>
    /// <param name="line">Where progress is shown.</param>
    /// <param name="files">How many files there are.</param>
    public BatchProgress(ProgressLine line, int files) => (_line, _files) = (line, files);

    /// <summary>A file is finished.</summary>
    /// <param name="worked">Whether that took work now.</param>
    public void Next(bool worked)
    {
        _done++;
        _worked += worked ? 1 : 0;
        _begun = null;
        Show("", 0);
    }

    /// <summary>Part of a file is done.</summary>
    /// <param name="share">0 to 1.</param>
    public void Within(string name, double share)
    {
        // What an earlier run did of the file took no time now.
        _begun ??= share;
        Show(FormattableString.Invariant($"  {name} {100 * share:0} %"), share);
    }

    /// <summary>The line that is shown.</summary>
    /// <param name="detail">What follows the count of files.</param>
    /// <param name="share">How much of the file at hand is done, 0 to 1.</param>
    /// <param name="elapsed">The time since the start.</param>
    internal string Line(string detail, double share, TimeSpan elapsed)
    {
        double worked = _worked + share - (_begun ?? 0);
        string left = worked > 0
            ? "  left " + Durations.Show(elapsed * Math.Max(0, (_files - _done - share) / worked))
            : "";
        return $"{_done}/{_files} files{detail}{left}";
    }

    private void Show(string detail, double share) =>
        _line.StepAtTimes(() => Line(detail, share, _watch.Elapsed));
}
