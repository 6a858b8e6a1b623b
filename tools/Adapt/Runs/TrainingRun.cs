using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Files;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Reporting;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Runs;

/// <summary>The options of every verb that trains.</summary>
internal abstract record TrainingSettings : ResultSettings
{
    [Setting("Options from a run.json, as a training writes it; options given beside it come first", Unit = "file",
        Group = "files")]
    public string? Config { get; init; }

    [Setting("Go on with the training in --out, where it was interrupted; its other options are in its run.json", Basic = true)]
    public bool Resume { get; init; }

    [Setting(0, 10_000_000, "Keep the network after every so many steps (train: epochs), in snapshots/; 0: the last alone", Group = "files")]
    public int SaveEvery { get; init; }

    [Setting("Write over an earlier training's files", Basic = true)]
    public bool Force { get; init; }
}

/// <summary>
/// A training in its output folder: nobody else writes there, its options are kept, its log grows, it can be asked to end, and
/// goes on where it was interrupted.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    /// <summary>The log's name: a JSON object for each step or epoch.</summary>
    public const string LogName = "train.jsonl";

    private readonly Terminal _terminal;
    private readonly TrainingSettings _settings;
    private readonly string _folder;
    private readonly string _verb;
    private readonly IDisposable _hold;
    private readonly StopRequest _stop;
    private readonly LineFile _log;

    private TrainingRun(
        Terminal terminal, TrainingSettings settings, string folder, string verb, TrainingCheckpoint checkpoint, IDisposable hold,
        LineFile log)
    {
        (_terminal, _settings, _folder, _verb, Checkpoint, _hold, _log) = (terminal, settings, folder, verb, checkpoint, hold, log);
        _stop = StopRequest.Watch(terminal, folder);
        checkpoint.LogLength = () => log.Length;
    }

    public TrainingCheckpoint Checkpoint { get; }

    /// <summary>Cancelled by the user, at the keyboard or through a file in the folder.</summary>
    public CancellationToken Cancelled => _stop.Terminal.Cancelled;

    private string LogPath => Path.Combine(_folder, LogName);

    /// <param name="folder">Where its files go.</param>
    /// <param name="model">What is trained; must not be the file that is written.</param>
    /// <param name="output">The name of the file that is written.</param>
    /// <param name="decisive">What decides the training's numbers beside the model.</param>
    /// <param name="resolved">Values of options that need not be what the command line says.</param>
    /// <exception cref="SelfAdaptException">
    /// OutputExists: the folder holds something, or another run writes to it. UnreadableInput: there is no state to go on from, or
    /// it is damaged. OtherRun: it is of a training that was started otherwise. OutputNotWritable: the folder is protected.
    /// </exception>
    public static TrainingRun Begin(
        Terminal terminal, ParseResult parsed, TrainingSettings settings, string folder, ModelFile model, string output,
        IReadOnlyList<object?> decisive, IReadOnlyDictionary<string, string>? resolved = null)
    {
        string verb = parsed.CommandResult.Command.Name;
        model.Onnx.RequireApart(Path.Combine(folder, output));
        OutputFolder.Prepare(
            folder, settings.Resume || settings.Force,
            RunFolder.HoldsInterruptedRun(folder) ? RunFolder.ResumeCommand(folder, verb) : null);
        IDisposable hold = OutputFolder.Hold(folder);
        try
        {
            string state = RunFolder.State(folder);
            string fingerprint = SealedFile.Fingerprint([verb, model.Sha256, .. decisive]);
            TrainingCheckpoint checkpoint;
            if (settings.Resume)
            {
                RunFolder.RequireState(folder);
                checkpoint = TrainingCheckpoint.Resume(state, fingerprint);
            }
            else
            {
                OutputFile.Delete(state);
                checkpoint = TrainingCheckpoint.Begin(state, fingerprint);
                RunConfig.Write(RunFolder.Config(folder), parsed, resolved ?? new Dictionary<string, string>());
            }

            string path = Path.Combine(folder, LogName);
            LineFile log = checkpoint.ResumedLog is { } length ? LineFile.Resume(path, length) : LineFile.Create(path);
            return new(terminal, settings, folder, verb, checkpoint, hold, log);
        }
        catch
        {
            hold.Dispose();
            throw;
        }
    }

    /// <summary>What the log holds, that is: what was logged before an interruption.</summary>
    /// <typeparam name="T">A step or epoch.</typeparam>
    public List<T> Logged<T>()
        where T : class =>
        Checkpoint.ResumedLog is null ? []
        : [.. JsonLines.Read(LogPath, line => JsonSerializer.Deserialize<T>(line, JsonStyle.Line))];

    public void Log<T>(T point) => _log.Write(JsonSerializer.Serialize(point, JsonStyle.Line));

    /// <summary>Keeps the network as it is after a step or epoch, where that is asked for.</summary>
    /// <param name="model">Makes the file.</param>
    public void Snapshot(int step, Func<OnnxModel> model)
    {
        if (_settings.SaveEvery > 0 && step % _settings.SaveEvery == 0)
        {
            string path = RunFolder.Snapshot(_folder, step);
            OutputFolder.RequireWritable(Path.GetDirectoryName(path)!);
            model().Save(path);
        }
    }

    /// <summary>Writes result and report once the network is saved, and removes the state of a training that is over.</summary>
    public ExitCode End(JsonObject result, SkippedFiles skipped)
    {
        result["skipped"] = skipped.ToJson();
        ResultFile.Write(RunFolder.Summary(_folder), result);
        ResultFile.Write(_settings.Json, result);
        TrainingPage.Write(
            RunFolder.Report(_folder), LogPath, ReportFacts.Flatten(result), ReportFacts.Flatten(RunConfig.OptionsIn(_folder)));
        if (!Cancelled.IsCancellationRequested)
        {
            OutputFile.Delete(RunFolder.State(_folder));
            return skipped.Code;
        }

        if (File.Exists(RunFolder.State(_folder)))
        {
            _terminal.Out.WriteLine($"To go on where it stopped: {RunFolder.ResumeCommand(_folder, _verb)}");
        }

        return ExitCode.Cancelled;
    }

    public void Dispose()
    {
        _log.Dispose();
        _stop.Dispose();
        _hold.Dispose();
    }
}
