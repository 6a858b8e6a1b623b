using SelfAdapt.Files;

namespace SelfAdapt.Tool.Interaction;

/// <summary>
/// How another program asks a run to end: a file in its folder, which the run looks for while it works. It is what Ctrl-C
/// is at a terminal, and works where no signals are.
/// </summary>
internal sealed class StopRequest : IDisposable
{
    private const string Pausing = "pause";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _asked;
    private readonly Timer _timer;
    private readonly string _file;

    private StopRequest(Terminal terminal, string folder)
    {
        _file = FileIn(folder);
        OutputFile.Delete(_file);
        _asked = CancellationTokenSource.CreateLinkedTokenSource(terminal.Cancelled);
        Terminal = terminal.With(_asked.Token);
        _timer = new Timer(_ => Look(), null, Interval, Interval);
    }

    /// <summary>The terminal of the run, cancelled by the request too.</summary>
    public Terminal Terminal { get; }

    /// <summary>Begins to look for requests; one that was left from an earlier run is removed.</summary>
    /// <exception cref="SelfAdaptException">OutputNotWritable: the folder is protected.</exception>
    public static StopRequest Watch(Terminal terminal, string folder) => new(terminal, folder);

    /// <summary>Asks the run in a folder to end after its step.</summary>
    /// <param name="pause">Only to save its state, to go on later; else it writes all that a run that is over does.</param>
    public static void Ask(string folder, bool pause) =>
        OutputFile.Write(FileIn(folder), System.Text.Encoding.ASCII.GetBytes(pause ? Pausing : "keep"));

    /// <summary>Whether the run in a folder was asked to end, and has not yet.</summary>
    public static bool IsAsked(string folder) => File.Exists(FileIn(folder));

    /// <summary>Whether the run in a folder was asked to save its state only.</summary>
    public static bool IsPause(string folder)
    {
        try
        {
            return File.ReadAllText(FileIn(folder)) == Pausing;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _asked.Dispose();
        OutputFile.Delete(_file);
    }

    private static string FileIn(string folder) => Path.Combine(folder, "stop.request");

    private void Look()
    {
        try
        {
            if (File.Exists(_file))
            {
                _asked.Cancel();
            }
        }
        catch (ObjectDisposedException)
        {
            // The run was over first.
        }
    }
}
