using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Runs;

/// <summary>The training of a run, once more with half the batch where memory runs out.</summary>
/// <param name="Job">What was done, which may be less than what was asked for.</param>
/// <param name="Result">What came of it.</param>
/// <param name="Teacher">What ran the teacher.</param>
/// <param name="Looked">The images that checks looked at.</param>
/// <param name="Checkpoint">The run's state on the disk.</param>
/// <param name="Candidate">The weights of the best checkpoint where the source's were kept; null where there are none.</param>
internal sealed record JobRunner(
    AdaptationJob Job, AdaptationResult Result, string Teacher, IReadOnlyList<NamedImage> Looked,
    RunCheckpoint Checkpoint, JudgedWeights? Candidate)
{
    /// <summary>Trains.</summary>
    /// <param name="begin">Told what is done, before it is begun.</param>
    /// <exception cref="SelfAdaptException">
    /// As <see cref="AdaptationLoop.Run"/>; or (OutOfMemory) memory ran out twice, or where beginning anew would lose something.
    /// </exception>
    public static JobRunner Run(
        Terminal terminal, AdaptationJob job, JobEngines engine, Action<AdaptationJob> begin)
    {
        RunCheckpoint checkpoint = RunCheckpoint.Of(job, job.Resume);
        begin(job);
        try
        {
            return Attempt(terminal, job, engine, checkpoint);
        }
        catch (Exception e) when (MemoryShortage.Is(e))
        {
            string why = MemoryShortage.Describe(e);
            if (checkpoint.IsSaved || engine.Ranks.Count > 1)
            {
                // To begin anew would throw away what there is to go on from; and other processes don't know of it.
                throw;
            }

            if (job.Options.BatchSize == 1)
            {
                throw Failed(
                    $"{why} With --batch-size 1 there is no smaller batch to try: take a smaller --crop, or close other "
                    + "programs.", e);
            }

            terminal.Progress.Finish();
            terminal.Error.WriteLine(why);
        }

        // The whole run has one batch size: it begins at the source again, so that it can be repeated.
        int asked = job.Options.BatchSize;
        job = job.WithHalfTheBatch();
        terminal.Error.WriteLine(
            $"Once more from the beginning with half the batch: --batch-size {job.Options.BatchSize} instead of {asked}.");
        try
        {
            engine.Reopen(job.Options);
            checkpoint = RunCheckpoint.Of(job, resume: false);
            begin(job);
            return Attempt(terminal, job, engine, checkpoint);
        }
        catch (Exception e) when (MemoryShortage.Is(e))
        {
            throw Failed(
                $"Memory ran out with --batch-size {asked}, and with {job.Options.BatchSize} too. Take a still smaller "
                + $"--batch-size or a smaller --crop, or close other programs. ({MemoryShortage.Describe(e)})", e);
        }
    }

    /// <summary>The command line that goes on with a run.</summary>
    public static string ResumeCommand(AdaptationJob job) =>
        RunFolder.ResumeCommand(job.Home);

    private static JobRunner Attempt(
        Terminal terminal, AdaptationJob job, JobEngines engine, RunCheckpoint checkpoint)
    {
        IReadOnlyList<NamedImage> looked = AdaptationLoop.Checked(job.Images, job.Options);
        // Training takes the most memory of all: what the way here has left (files, parsed weights) goes first.
        MemoryShortage.Release();
        using AdaptationLoop adapter = new(job.Network, engine.Backend, job.Options, job.Segmentation, engine.Teacher);
        terminal.Error.WriteLine(
            $"student: built-in engine on {engine.Backend.Name}; teacher: {adapter.TeacherEngineName}");
        terminal.Error.WriteLine(SegmentationArguments.DescribeScale(job.Segmentation));
        terminal.Error.WriteLine(
            $"{job.Images.Count} images to learn from, {looked.Count} of them looked at in checks"
            + (job.Labelled.Count > 0 ? $", {job.Labelled.Count} labelled for reporting" : ""));
        if (engine.Ranks.Count > 1)
        {
            terminal.Error.WriteLine(
                $"{engine.Ranks.Count} processes share each step's {job.Options.BatchSize} crops and the images of checks");
        }

        if (!engine.IsFirst)
        {
            AdaptationResult same = adapter.Run(
                job.Images, job.Labelled, Unheard.Instance, terminal.Cancelled,
                new Checkpointing(_ => { }, checkpoint.From?.State));
            return new JobRunner(job, same, adapter.TeacherEngineName, looked, checkpoint, null);
        }

        using RunObserver observer = new(
            terminal, job.Options, OpenLog(job, checkpoint), job.KeepSnapshots ? KeepSnapshot : null,
            source => SourceAdvice.Sentences(SourceAdvice.Notes(job, source.Signals, looked.Count), job));
        AdaptationResult result = adapter.Run(
            job.Images, job.Labelled, observer, terminal.Cancelled,
            new Checkpointing(state => checkpoint.Save(state, observer.LogLength), checkpoint.From?.State));
        return new JobRunner(
            job, result, adapter.TeacherEngineName, looked, checkpoint,
            result.KeepsOriginal ? observer.Rejected : null);

        void KeepSnapshot(JudgedWeights snapshot)
        {
            string path = RunFolder.Snapshot(job.Out, snapshot.Point.Iteration);
            OutputFolder.RequireWritable(Path.GetDirectoryName(path)!);
            // In one file: all snapshots' weights would go by the same name.
            job.Written(snapshot).Embedded().Save(path);
        }
    }

    /// <summary>The observer of a process that another one speaks for.</summary>
    private sealed class Unheard : IAdaptationObserver
    {
        public static Unheard Instance { get; } = new();

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
        }
    }

    private static RunLog OpenLog(AdaptationJob job, RunCheckpoint checkpoint)
    {
        if (checkpoint.From is { } from)
        {
            return RunLog.Resume(RunFolder.Log(job.Out), from.LogLength);
        }

        // A state of an earlier run in this folder (--force) would not fit the log that begins now.
        checkpoint.Remove();
        return RunLog.Create(RunFolder.Log(job.Out));
    }

    private static SelfAdaptException Failed(string message, Exception cause) =>
        new(ErrorKind.OutOfMemory, message, cause);
}
