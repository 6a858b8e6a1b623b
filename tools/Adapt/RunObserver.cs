using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Tool;

/// <summary>Follows a run: writes run.jsonl and snapshots, and shows how far it is.</summary>
internal sealed class RunObserver : IAdaptationObserver, IDisposable
{
    // Steps whose time counts for the speed shown, roughly.
    private const double Memory = 20;

    private readonly Terminal _terminal;
    private readonly AdaptationOptions _options;
    private readonly RunLog _log;
    private readonly Action<int, WeightSnapshot>? _keep;
    private readonly Stopwatch _step = Stopwatch.StartNew();
    private EvaluationPoint? _latest;
    private double _secondsPerStep;

    /// <summary>Begins to follow a run.</summary>
    /// <param name="log">Where the log goes.</param>
    /// <param name="keep">Keeps the weights of an evaluation; null: they are not kept.</param>
    public RunObserver(
        Terminal terminal, AdaptationOptions options, RunLog log, Action<int, WeightSnapshot>? keep)
        => (_terminal, _options, _log, _keep) = (terminal, options, log, keep);

    /// <summary>Bytes of the log so far.</summary>
    public long LogLength => _log.Length;

    public void OnStep(StepPoint point)
    {
        _log.Write(point);
        double weight = 1 / Math.Min(point.Iteration, Memory);
        _secondsPerStep += weight * (_step.Elapsed.TotalSeconds - _secondsPerStep);
        string kept = string.Join(
            ' ', point.Kept.ToArray().Select(k => k.ToString("0.00", CultureInfo.InvariantCulture)));
        TimeSpan left = TimeSpan.FromSeconds((_options.Iterations - point.Iteration) * _secondsPerStep);
        string early = _options.Stop == StopRule.None ? "" : " or less";
        _terminal.Progress.Step(string.Create(
            CultureInfo.InvariantCulture,
            $"step {point.Iteration}/{_options.Iterations}  loss {point.Loss:0.0000}  kept {kept}  "
            + $"steadiness {_latest?.Signals.Steadiness:0.000}  FN {_latest?.Signals.FnRate:0.000}  "
            + $"{_options.BatchSize / Math.Max(1e-9, _secondsPerStep):0.0} img/s  left {Durations.Show(left)}{early}"));
        _step.Restart();
    }

    public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
    {
        _latest = point;
        _log.Write(point, decision);
        _keep?.Invoke(point.Iteration, weights);
        string oracle = point.Ap50 is { } ap ? FormattableString.Invariant($", AP50 {ap:0.000}") : "";
        string verdict = decision switch
        {
            StopDecision.Keep => "kept",
            StopDecision.Pass => "passed over",
            _ => "the end",
        };
        HeldOutSignals signals = point.Signals;
        _terminal.Progress.Note(FormattableString.Invariant(
            $"evaluation at {point.Iteration}: steadiness {signals.Steadiness:0.000}, FN {signals.FnRate:0.000}, ")
            + FormattableString.Invariant($"D {signals.EmbeddingDistance:0.000}, {signals.Cells} cells{oracle}: {verdict}"));
        _step.Restart();
    }

    public void Dispose()
    {
        _terminal.Progress.Finish();
        _log.Dispose();
    }
}
