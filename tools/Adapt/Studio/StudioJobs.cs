using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Studio;

/// <summary>Starts, ends and takes up the project's jobs.</summary>
internal sealed class StudioJobs(StudioProject project, StudioModels models)
{
    private const int MostWords = 40;

    private readonly Lock _lock = new();

    /// <summary>Starts a new job with the project's set-up.</summary>
    /// <param name="more">Words for the verb beside those that follow from the set-up.</param>
    /// <returns>Its name.</returns>
    /// <exception cref="SelfAdaptException">InvalidOption: another one is running. OutputNotWritable: no room.</exception>
    public string Start(JobKind kind, IReadOnlyList<string> more)
    {
        lock (_lock)
        {
            RequireIdle();
            if (more.Count > MostWords)
            {
                throw new SelfAdaptException(ErrorKind.InvalidOption, "Too many options.");
            }

            int last = project.State.Jobs.Where(j => j.Kind == kind)
                .Select(j => int.Parse(j.Name.Split('-')[1], CultureInfo.InvariantCulture)).DefaultIfEmpty().Max();
            string name = string.Create(CultureInfo.InvariantCulture, $"{JobStatus.Word(kind)}-{last + 1}");
            StudioSetup setup = project.State.Setup;
            StudioJob job = new(name, kind, setup) { Words = [.. Words(kind, name, setup), .. more] };
            Directory.CreateDirectory(Path.GetDirectoryName(project.JobFolder(name))!);
            Launch(job, job.Words);
            return name;
        }
    }

    /// <summary>Takes up a job that was paused, stopped or killed.</summary>
    public void Resume(StudioJob job)
    {
        lock (_lock)
        {
            RequireIdle();
            string folder = project.JobFolder(job.Name);
            Launch(job, job.Kind is JobKind.Segment or JobKind.Rank ? job.Words
                : job.Kind is JobKind.Adapt or JobKind.Train && RunFolder.HoldsInterruptedRun(folder)
                    ? [JobStatus.Word(job.Kind), "--config", RunFolder.Config(folder), "--out", folder, "--resume", "--json", project.JobResult(job.Name)]
                    : [.. job.Words, "--force"]);
        }
    }

    /// <summary>Asks a running job to end.</summary>
    /// <param name="pause">Only to save its state; else it keeps its best.</param>
    public void Stop(StudioJob job, bool pause)
    {
        if (JobStatus.IsRunning(job))
        {
            StopRequest.Ask(project.JobFolder(job.Name), pause);
        }
    }

    /// <summary>Ends a job at once and deletes what it left.</summary>
    public void Discard(StudioJob job)
    {
        lock (_lock)
        {
            if (JobStatus.IsRunning(job))
            {
                using Process process = Process.GetProcessById(job.Process!.Value);
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }

            project.Update(s => s with
            {
                Jobs = [.. s.Jobs.Where(j => j.Name != job.Name)],
                Accepted = s.Accepted?.Job == job.Name ? null : s.Accepted,
            });
            if (Directory.Exists(project.JobFolder(job.Name)))
            {
                Directory.Delete(project.JobFolder(job.Name), recursive: true);
            }

            foreach (string file in (string[])[project.JobText(job.Name), project.JobResult(job.Name)])
            {
                OutputFile.Delete(file);
            }
        }
    }

    /// <summary>Deletes the snapshots that nobody has kept.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: the run goes on.</exception>
    public void ClearSnapshots(StudioJob job)
    {
        lock (_lock)
        {
            if (JobStatus.IsRunning(job))
            {
                throw new SelfAdaptException(ErrorKind.InvalidOption, $"{job.Name} is running: wait for its end.");
            }

            foreach (FileInfo file in models.SpareSnapshots(job))
            {
                OutputFile.Delete(file.FullName);
            }
        }
    }

    private void RequireIdle()
    {
        if (project.State.Jobs.FirstOrDefault(JobStatus.IsRunning) is { } running)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, $"{running.Name} is running: wait for its end, or pause it. Two at once would be slow.");
        }
    }

    private void Launch(StudioJob job, IReadOnlyList<string> words)
    {
        Process process = ChildVerb.Start(words, project.JobText(job.Name), code => Change(job.Name, j => j with { ExitCode = code }));
        long began = BeganAt(process);
        job = job with { Process = process.Id, ProcessBegan = began, ExitCode = process.HasExited ? process.ExitCode : null };
        project.Update(s => s with { Jobs = [.. s.Jobs.Where(j => j.Name != job.Name), job] });
    }

    private static long BeganAt(Process process)
    {
        try
        {
            return process.StartTime.ToUniversalTime().Ticks;
        }
        catch (InvalidOperationException)
        {
            // It is over already.
            return 0;
        }
    }

    private void Change(string name, Func<StudioJob, StudioJob> change)
    {
        try
        {
            project.Update(s => s with { Jobs = [.. s.Jobs.Select(j => j.Name == name ? change(j) : j)] });
        }
        catch (SelfAdaptException)
        {
            // The project's folder is gone or full: how the job ended can be told from its own folder later.
        }
    }

    private string[] Words(JobKind kind, string name, StudioSetup setup)
    {
        string folder = project.JobFolder(name);
        string[] channels =
            ["--channels", string.Create(CultureInfo.InvariantCulture, $"{setup.FirstChannel},{setup.SecondChannel}")];
        string[] size =
        [
            .. setup.Diameter is { } diameter ? ["--diameter", diameter.ToString(CultureInfo.InvariantCulture)] : (string[])[],
            .. channels,
            setup.Invert ? "--invert" : "--no-invert",
        ];
        string images = project.State.Images;
        StrokeSetup strokes = project.State.Strokes;
        return kind switch
        {
            JobKind.Adapt =>
            [
                "adapt", "--model", models.FileOf(setup.Model), "--images", images, "--out", folder, "--keep-snapshots",
                .. size,
            ],
            JobKind.Segment =>
            [
                "segment", "--model", models.InUse, "--images", images, "--out", folder, "--json", project.JobResult(name),
                .. size,
            ],
            JobKind.Strokes =>
            [
                "strokes", "--images", images, "--strokes", project.Strokes, "--out", folder, "--json",
                project.JobResult(name), .. strokes.Enhance ? ["--enhancer", DefaultModel.BuiltinEnhancer] : (string[])[],
                "--threshold", strokes.Instances.Threshold.ToString(CultureInfo.InvariantCulture),
                "--depth", strokes.Instances.Depth.ToString(CultureInfo.InvariantCulture),
                "--min-size", strokes.Instances.MinSize.ToString(CultureInfo.InvariantCulture),
            ],
            JobKind.Train =>
            [
                "train", "--model", models.FileOf(setup.Model), "--images", images, "--out", folder, "--json",
                project.JobResult(name), .. channels,
            ],
            _ => ["rank", "--images", images, "--json", project.JobResult(name), .. size],
        };
    }
}
