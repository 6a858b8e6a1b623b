using System.Diagnostics;
using System.Text.Json.Nodes;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Studio;

internal enum JobPhase
{
    Running,
    Stopping,

    /// <summary>Its state is saved; it can go on.</summary>
    Paused,

    /// <summary>It was ended early and left its best; it can go on, too.</summary>
    Stopped,

    Done,
    Failed,
}

/// <summary>How a job stands: read from its process and its folder, so that a studio that begins anew knows it, too.</summary>
internal static class JobStatus
{
    private const int TextShown = 1200;

    /// <summary>Whether the process that was started for a job still is there.</summary>
    public static bool IsRunning(StudioJob job)
    {
        if (job.Process is not { } number || job.ExitCode is not null)
        {
            return false;
        }

        try
        {
            using Process process = Process.GetProcessById(number);
            return !process.HasExited
                && Math.Abs(process.StartTime.ToUniversalTime().Ticks - job.ProcessBegan!.Value) < TimeSpan.TicksPerSecond;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    public static JobPhase PhaseOf(StudioProject project, StudioJob job)
    {
        string folder = project.JobFolder(job.Name);
        if (IsRunning(job))
        {
            return StopRequest.IsAsked(folder) ? JobPhase.Stopping : JobPhase.Running;
        }

        bool trains = job.Kind is JobKind.Adapt or JobKind.Train;
        bool over = File.Exists(trains ? RunFolder.Summary(folder) : project.JobResult(job.Name));
        bool open = trains && Directory.Exists(folder) && RunFolder.HoldsInterruptedRun(folder);
        return (over, open) switch
        {
            (true, true) => JobPhase.Stopped,
            (true, false) => JobPhase.Done,
            (false, true) => JobPhase.Paused,
            _ => job.Kind == JobKind.Segment && job.ExitCode is null or (int)ExitCode.Cancelled
                ? JobPhase.Paused : JobPhase.Failed,
        };
    }

    /// <summary>What the page shows of a job.</summary>
    public static JsonObject Describe(StudioProject project, StudioJob job)
    {
        string folder = project.JobFolder(job.Name);
        JsonObject shown = new()
        {
            ["name"] = job.Name,
            ["kind"] = Word(job.Kind),
            ["phase"] = Word(PhaseOf(project, job)),
            ["diameter"] = job.Setup.Diameter,
            ["text"] = Tail(project.JobText(job.Name)),
        };
        if (job.Kind == JobKind.Adapt)
        {
            FileInfo log = new(RunFolder.Log(folder));
            shown["log_bytes"] = log.Exists ? log.Length : 0;
            shown["iterations"] = Given(job, "--iterations");
            shown["minutes"] = Given(job, "--minutes");
            shown["report"] = File.Exists(RunFolder.Report(folder));
        }
        else if (job.Kind == JobKind.Segment)
        {
            shown["done"] = Lines(Path.Combine(folder, SegmentJournal.FileName));
            shown["folder"] = folder;
        }
        else if (job.Kind == JobKind.Strokes)
        {
            shown["done"] = Directory.Exists(folder) ? Directory.GetFiles(folder, RunFolder.MaskFile("*")).Length : 0;
            shown["folder"] = folder;
        }
        else if (job.Kind == JobKind.Train)
        {
            shown["done"] = Lines(Path.Combine(folder, TrainingRun.LogName));
            shown["epochs"] = Given(job, "--epochs");
            shown["labels"] = Path.GetFileName(Given(job, "--labels"));
            shown["folder"] = folder;
        }

        return shown;
    }

    /// <summary>An enum's value as the page spells it.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>The value of an option in a job's command line; null where it was not given.</summary>
    private static string? Given(StudioJob job, string option)
    {
        int at = Array.IndexOf(job.Words, option);
        return at < 0 || at + 1 >= job.Words.Length ? null : job.Words[at + 1];
    }

    /// <summary>Lines of a file that is being written; a file is finished with each.</summary>
    private static int Lines(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using StreamReader reader = new(stream);
            int lines = 0;
            while (reader.ReadLine() is { } line)
            {
                lines += SegmentJournal.IsOfBeginning(line) ? 0 : 1;
            }

            return lines;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static string Tail(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Position = Math.Max(0, stream.Length - TextShown);
            using StreamReader reader = new(stream);
            string text = reader.ReadToEnd();
            return text.Length < TextShown ? text.Trim() : text[(text.IndexOf('\n') + 1)..].Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
