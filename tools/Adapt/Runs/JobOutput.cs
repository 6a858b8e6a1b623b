using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>What a run starts from.</summary>
/// <param name="Network">The same, as the engine trains it.</param>
/// <param name="Labelled">Labelled images, for reporting only; may be empty.</param>
/// <param name="Segmentation">How images are prepared and segmented.</param>
/// <param name="Out">The output folder, ready to be written to.</param>
/// <param name="KeepSnapshots">Whether the weights of every evaluation are kept.</param>
/// <param name="Resume">Whether the run in the output folder goes on.</param>
internal sealed record AdaptationJob(
    ModelFile Model, Network Network, IReadOnlyList<NamedImage> Images, IReadOnlyList<LabelledImage> Labelled,
    AdaptationOptions Options, SegmentationOptions Segmentation, string Out, bool KeepSnapshots, bool Resume = false)
{
    /// <summary>The batch that was asked for, where memory sufficed for half of it only; else null.</summary>
    public int? LoweredFrom { get; init; }

    /// <summary>The kinds that the images fall into; empty: not looked for.</summary>
    public IReadOnlyList<ImageKind> Kinds { get; init; } = [];

    /// <summary>The folder that --out named: that of the run, or of all groups' runs.</summary>
    public string Home { get; init; } = Out;

    /// <summary>The model with a checkpoint's weights and power of intensities.</summary>
    public OnnxModel Written(JudgedWeights checkpoint) =>
        InputPower.With(Model.Onnx.WithWeights(checkpoint.Weights.ByName(Network)), checkpoint.Point.Gamma);

    /// <summary>The same with half the batch.</summary>
    public AdaptationJob WithHalfTheBatch()
    {
        int batch = Options.BatchSize / 2;
        return this with
        {
            Options = Options with { BatchSize = batch },
            Segmentation = Segmentation with { BatchSize = Math.Min(Segmentation.BatchSize, batch) },
            LoweredFrom = Options.BatchSize,
        };
    }
}

/// <summary>Runs an adaptation and writes everything it leaves behind; adapt and demo share it.</summary>
internal static class JobOutput
{
    /// <summary>Adapts, writes the output folder, and prints what came of it.</summary>
    /// <param name="terminal">Where results and progress go.</param>
    /// <param name="begin">Told what is done, before it is begun: with half the batch once more, if need be.</param>
    /// <returns>The result for scripts, and the exit code.</returns>
    /// <exception cref="SelfAdaptException">
    /// An image does not fit the network, an option is out of range, memory ran out, or the output can't be written.
    /// </exception>
    public static (JsonObject Result, ExitCode Code) Run(
        Terminal terminal, AdaptationJob asked, JobEngines engine, Action<AdaptationJob> begin)
    {
        try
        {
            return TrainAndWrite(terminal, asked, engine, begin);
        }
        catch (Exception e) when ((MemoryShortage.Is(e) || e is SelfAdaptException { Kind: ErrorKind.OutputNotWritable })
            && File.Exists(RunFolder.State(asked.Out)) && CanGoOn(asked))
        {
            bool memory = MemoryShortage.Is(e);
            throw new SelfAdaptException(
                memory ? ErrorKind.OutOfMemory : ErrorKind.OutputNotWritable,
                $"{MemoryShortage.Describe(e)} What was reached is saved. Once there is {(memory ? "memory" : "room")}, "
                + $"go on where it stopped: {JobRunner.ResumeCommand(asked)}",
                e);
        }
    }

    private static (JsonObject Result, ExitCode Code) TrainAndWrite(
        Terminal terminal, AdaptationJob asked, JobEngines engine, Action<AdaptationJob> begin)
    {
        JobRunner training = JobRunner.Run(terminal, asked, engine, begin);
        (AdaptationJob job, AdaptationResult result, IReadOnlyList<NamedImage> looked) =
            (training.Job, training.Result, training.Looked);
        ExitCode code = result.Reason switch
        {
            StopReason.Cancelled => ExitCode.Cancelled,
            StopReason.Diverged when result.KeepsOriginal => ExitCode.Numerics,
            StopReason.NoCells => ExitCode.ModelImageMismatch,
            _ => ExitCode.Ok,
        };
        if (!engine.IsFirst)
        {
            return ([], code);
        }

        if (result.Reason == StopReason.Cancelled && StopRequest.IsPause(job.Home))
        {
            terminal.Out.WriteLine($"Paused after step {result.Iterations}. To go on: {JobRunner.ResumeCommand(job)}");
            return ([], code);
        }

        JudgedWeights kept = new(result.KeptPoint, result.Kept);
        Rejection? rejection = !result.KeepsOriginal ? null : Rejection.Of(result.Evaluations, job.Options);
        JsonObject summary = Summarise(job, result, looked.Count);
        BeforeAfter pictures = new(job, looked);
        IReadOnlyList<ReportSample> samples = [];
        bool isResult = code is not (ExitCode.Numerics or ExitCode.ModelImageMismatch);
        if (isResult)
        {
            // First, so that it is there whatever becomes of the pictures.
            WriteModel(job, kept, summary);
            samples = pictures.Write(
                terminal, engine.Backend, result.Evaluations[0].Gamma, result.KeepsOriginal ? null : kept,
                Candidate(training, rejection));
            (double? before, double? after) = RunReport.PrecisionOfKept(samples, 0.75);
            (summary["ap75_before"], summary["ap75_after"]) = (ResultFile.Number(before), ResultFile.Number(after));
            if (BeforeAfter.DiameterOf(samples) is { } found)
            {
                summary["diam_labels"] = found;
                WriteCheckpoint(job, result.Kept, (float)found);
            }

            if (samples.Count < pictures.Chosen)
            {
                code = ExitCode.Cancelled;
            }
        }

        IReadOnlyList<SourceNote> notes = SourceAdvice.Notes(job, result.Evaluations[0].Signals, looked.Count);
        RunReport report = new()
        {
            Facts = ReportFacts.Of(job, result, looked.Count, engine.Backend.Name, training.Teacher),
            AllOptions = ReportFacts.Flatten(summary["options"], summary["segmentation"]),
            Options = job.Options,
            Reason = result.Reason,
            KeptPoint = result.KeptPoint,
            Evaluations = result.Evaluations,
            Steps = RunCurves.Read(RunFolder.Log(job.Out)),
            Iterations = result.Iterations,
            Samples = samples,
            SamplesMissing = isResult ? pictures.Chosen - samples.Count : 0,
            Channel = pictures.Channel,
            Notes = SourceAdvice.Sentences(notes, job),
            Rejection = rejection,
        };
        ReportVerdict verdict = report.Write(RunFolder.Report(job.Out));
        summary["report"] = RunFolder.Report(job.Out);
        summary["verdict"] = new JsonObject
        {
            ["headline"] = verdict.Headline,
            ["reason"] = verdict.Reason,
            ["advice"] = verdict.Advice,
            ["precision"] = verdict.Precision,
            ["warnings"] = new JsonArray([.. verdict.Warnings.Select(w => (JsonNode)w)]),
        };
        summary["rejected"] = ToJson(rejection);
        summary["notes"] = SourceAdvice.ToJson(notes);
        ResultFile.Write(RunFolder.Summary(job.Out), summary);
        Print(terminal, job, result, verdict);
        if (result.Reason == StopReason.Cancelled && CanGoOn(job))
        {
            terminal.Out.WriteLine($"To go on where it stopped: {JobRunner.ResumeCommand(job)}");
        }
        else
        {
            training.Checkpoint.Remove();
        }

        if (report.SamplesMissing > 0)
        {
            terminal.Out.WriteLine(
                $"Stopped by Ctrl-C while the report's images were segmented: {samples.Count} of {pictures.Chosen} are in "
                + "it. The model is whole.");
        }

        return (summary, code);
    }

    /// <summary>Those of the candidate; null where they are gone, as in a run that went on later.</summary>
    private static JudgedWeights? Candidate(JobRunner training, Rejection? rejection) =>
        training.Candidate is { } candidate && candidate.Point == rejection?.Point ? candidate : null;

    /// <summary>A demo leaves no options to go on with: it is over in a minute.</summary>
    private static bool CanGoOn(AdaptationJob job) => File.Exists(RunFolder.Config(job.Home));

    private static void WriteModel(AdaptationJob job, JudgedWeights kept, JsonObject summary)
    {
        job.Written(kept).Save(RunFolder.Adapted(job.Out));
        summary["model"] = RunFolder.Adapted(job.Out);
        if (job.Network.Outputs.HasRays)
        {
            StarDistThresholds.Of(job.Model)?.Write(job.Out);
        }

        if (job.Model.Checkpoint is not null)
        {
            // The diameter that the images were taken to have, until the cells' own is known.
            SegmentationOptions taken = job.Segmentation;
            WriteCheckpoint(job, kept.Weights, (float)(taken.Diameter > 0 ? taken.Diameter : taken.DiamMean));
            summary["checkpoint"] = RunFolder.Checkpoint(job.Out);
        }
    }

    private static void WriteCheckpoint(AdaptationJob job, WeightSnapshot kept, float diamLabels)
    {
        if (job.Model.Checkpoint is not null)
        {
            Diameters diameters = new((float)job.Segmentation.DiamMean, diamLabels);
            string path = RunFolder.Checkpoint(job.Out);
            OutputFile.WriteDurably(
                path, job.Model.WriteCheckpoint(kept.ByName(job.Network), job.Network, diameters, Path.GetFileName(path)));
        }
    }

    private static JsonObject Summarise(AdaptationJob job, AdaptationResult result, int held) => new()
    {
        ["model"] = null,
        ["report"] = null,
        ["source"] = job.Model.Path,
        ["ap50_before"] = ResultFile.Number(result.Evaluations[0].Ap50),
        ["ap50_after"] = ResultFile.Number(result.KeptPoint.Ap50),
        ["ap75_before"] = null,
        ["ap75_after"] = null,
        ["iterations"] = result.Iterations,
        ["kept_iteration"] = result.KeptPoint.Iteration,
        ["gamma"] = ResultFile.Number(result.KeptPoint.Gamma),
        ["kept_original"] = result.KeepsOriginal,
        ["stop_reason"] = Word(result.Reason),
        ["seconds"] = ResultFile.Number(result.Seconds),
        ["fn_rate"] = ResultFile.Number(result.KeptPoint.Signals.FnRate),
        ["embedding_distance"] = ResultFile.Number(result.KeptPoint.Signals.EmbeddingDistance),
        ["evidence_before"] = ResultFile.Number(result.Evaluations[0].Signals.Evidence),
        ["evidence"] = ResultFile.Number(result.KeptPoint.Signals.Evidence),
        ["evidence_error"] = ResultFile.Number(result.KeptPoint.Signals.EvidenceError),
        ["outline_change"] = ResultFile.Number(result.KeptPoint.Signals.OutlineChange),
        ["diam_labels"] = null,
        ["batch_size_lowered_from"] = job.LoweredFrom,
        ["images"] = job.Images.Count,
        ["checked_images"] = held,
        ["labelled_images"] = job.Labelled.Count,
        ["evaluations"] = new JsonArray([.. result.Evaluations.Select(ToJson)]),
        ["outputs"] = OutputMeaning.Words(job.Network.Outputs),
        ["options"] = JsonSerializer.SerializeToNode(job.Options, JsonStyle.Line),
        ["segmentation"] = JsonSerializer.SerializeToNode(job.Segmentation, JsonStyle.Line),
    };

    private static JsonNode ToJson(EvaluationPoint point) => new JsonObject
    {
        ["iteration"] = point.Iteration,
        ["gamma"] = ResultFile.Number(point.Gamma),
        ["fn_rate"] = ResultFile.Number(point.Signals.FnRate),
        ["embedding_distance"] = ResultFile.Number(point.Signals.EmbeddingDistance),
        ["outline_fit"] = ResultFile.Number(point.Signals.OutlineFit),
        ["outline_change"] = ResultFile.Number(point.Signals.OutlineChange),
        ["evidence"] = ResultFile.Number(point.Signals.Evidence),
        ["evidence_error"] = ResultFile.Number(point.Signals.EvidenceError),
        ["mean_confidence"] = ResultFile.Number(point.MeanConfidence),
        ["view_variance"] = ResultFile.Number(point.ViewVariance),
        ["cells"] = point.Signals.Cells,
        ["ap50"] = ResultFile.Number(point.Ap50),
    };

    private static JsonObject? ToJson(Rejection? rejection) => rejection is null ? null : new()
    {
        ["iteration"] = rejection.Point.Iteration,
        ["cause"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(rejection.Cause.ToString()),
        ["value"] = ResultFile.Number(rejection.Value),
        ["limit"] = ResultFile.Number(rejection.Limit),
    };

    private static string Word(StopReason reason) => reason switch
    {
        StopReason.Completed => "completed",
        StopReason.FalseNegativeRate => "fn",
        StopReason.EmbeddingDistance => "embedding",
        StopReason.Outlines => "outlines",
        StopReason.NoCells => "no_cells",
        StopReason.Time => "time",
        StopReason.Cancelled => "cancelled",
        _ => "diverged",
    };

    private static void Print(Terminal terminal, AdaptationJob job, AdaptationResult result, ReportVerdict verdict)
    {
        terminal.Out.WriteLine(FormattableString.Invariant($"{result.Iterations} steps in {result.Seconds:0} s. ")
            + $"{verdict.Headline}. {verdict.Reason}");
        if (verdict.Advice.Length > 0)
        {
            terminal.Out.WriteLine(verdict.Advice);
        }

        if (verdict.Precision.Length > 0)
        {
            terminal.Out.WriteLine(verdict.Precision);
        }

        terminal.Out.WriteLine($"Everything is in {job.Out}; {RunFolder.Report(job.Out)} explains it.");
    }
}
