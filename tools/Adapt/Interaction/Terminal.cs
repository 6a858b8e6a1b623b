namespace SelfAdapt.Tool.Interaction;

/// <summary>What a verb talks to: results on one stream, progress and messages on the other.</summary>
internal sealed class Terminal
{
    /// <summary>Wraps two writers.</summary>
    /// <param name="interactive">Whether a line on <paramref name="error"/> may be drawn over.</param>
    public Terminal(TextWriter output, TextWriter error, bool interactive, CancellationToken cancelled)
        : this(output, error, new ProgressLine(error, interactive), cancelled)
    {
    }

    private Terminal(TextWriter output, TextWriter error, ProgressLine progress, CancellationToken cancelled) =>
        (Out, Error, Progress, Cancelled) = (output, error, progress, cancelled);

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>The line that tells how far a verb is.</summary>
    public ProgressLine Progress { get; }

    public CancellationToken Cancelled { get; }

    /// <summary>The same with another way to be cancelled.</summary>
    public Terminal With(CancellationToken cancelled) => new(Out, Error, Progress, cancelled);

    /// <summary>The process's own streams.</summary>
    public static Terminal OfConsole(CancellationToken cancelled)
    {
        // NO_COLOR asks for plain text; drawing over a line takes control characters too.
        bool plain = Console.IsErrorRedirected
            || Environment.GetEnvironmentVariable("TERM") == "dumb"
            || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal(Console.Out, Console.Error, !plain, cancelled);
    }
}
