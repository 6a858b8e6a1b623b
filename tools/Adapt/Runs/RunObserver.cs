using System.Diagnostics;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Runs;

/// <summary>A checkpoint with its weights.</summary>
internal sealed record JudgedWeights(EvaluationPoint Point, WeightSnapshot Weights);

/// <summary>Follows a run: writes run.jsonl and snapshots, and shows how far it is.</summary>
internal sealed class RunObserver : IAdaptationObserver, IDisposable
{
    // Steps whose time counts for the speed shown, roughly.
    private const double Memory = 20;

    private readonly Terminal _terminal;
    private readonly AdaptationOptions _options;
    private readonly RunLog _log;
    private readonly Action<JudgedWeights>? _keep;
    private readonly Func<EvaluationPoint, IEnumerable<string>> _advice;
    private readonly Stopwatch _step = Stopwatch.StartNew();
    private EvaluationPoint? _latest;
    private double _secondsPerStep;

    /// <summary>Begins to follow a run.</summary>
    /// <param name="log">Where the log goes.</param>
    /// <param name="keep">Keeps the weights of an evaluation; null: they are not kept.</param>
    /// <param name="advice">What there is to say of the source network's evaluation.</param>
    public RunObserver(
        Terminal terminal, AdaptationOptions options, RunLog log, Action<JudgedWeights>? keep,
        Func<EvaluationPoint, IEnumerable<string>> advice) =>
        (_terminal, _options, _log, _keep, _advice) = (terminal, options, log, keep, advice);

    /// <summary>The best of the checkpoints that were not kept; null while there is none.</summary>
    public JudgedWeights? Rejected { get; private set; }

    /// <summary>Bytes of the log so far.</summary>
    public long LogLength => _log.Length;

    public void OnStep(StepPoint point)
    {
        _log.Write(point);
        double weight = 1 / Math.Min(point.Iteration, Memory);
        _secondsPerStep += weight * (_step.Elapsed.TotalSeconds - _secondsPerStep);
        TimeSpan left = TimeSpan.FromSeconds((_options.Iterations - point.Iteration) * _secondsPerStep);
        string early = _options.Stop == StopRule.None ? "" : " or less";
        float kept = point.Kept.Length == 0 ? 0 : point.Kept.ToArray().Average();
        _terminal.Progress.Step(FormattableString.Invariant(
            $"step {point.Iteration}/{_options.Iterations}  loss {point.Loss:0.0000}  pixels learnt from {kept:0%}  ")
            + FormattableString.Invariant($"evidence {_latest?.Signals.Evidence:0.0}  ")
            + FormattableString.Invariant($"{_options.BatchSize / Math.Max(1e-9, _secondsPerStep):0.0} img/s  ")
            + $"left {Durations.Show(left)}{early}");
        _step.Restart();
    }

    public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
    {
        bool isSource = _latest is null && point.Iteration == 0;
        _latest = point;
        _log.Write(point, decision);
        _keep?.Invoke(new(point, weights));
        if (decision != StopDecision.Keep && (Rejected is null || Rejection.IsNearer(Rejected.Point, point)))
        {
            Rejected = new(point, weights);
        }

        string oracle = point.Ap50 is { } ap ? FormattableString.Invariant($", AP50 {ap:0.000}") : "";
        string verdict = (decision, isSource) switch
        {
            (StopDecision.Keep, true) => "the original",
            (StopDecision.Keep, _) => "kept",
            (StopDecision.Pass, _) => "not better",
            _ => "the end",
        };
        LabelFreeSignals signals = point.Signals;
        string lost = isSource ? "" : FormattableString.Invariant(
            $" \u00b1 {signals.EvidenceError:0.0}, outlines {signals.OutlineChange:+0.000;-0.000;0.000}, ")
            + FormattableString.Invariant(
                $"{signals.FnRate:0.0%} of the original's lost, style moved by {signals.EmbeddingDistance:0.000}");
        _terminal.Progress.Note(FormattableString.Invariant(
            $"evaluation at {point.Iteration}{(point.Gamma == 1 ? "" : $", gamma {point.Gamma:0.##}")}: {signals.Cells} cells, evidence {signals.Evidence:0.0}{lost}{oracle}: ")
            + verdict);
        foreach (string advice in isSource ? _advice(point) : [])
        {
            _terminal.Progress.Note("Look out: " + advice);
        }

        _step.Restart();
    }

    public void Dispose()
    {
        _terminal.Progress.Finish();
        _log.Dispose();
    }
}
