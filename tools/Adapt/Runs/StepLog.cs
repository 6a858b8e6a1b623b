using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tool.Runs;

/// <summary>The steps of a network of one logit: logged, shown as they come, and kept where that is asked for.</summary>
/// <param name="count">Steps to make.</param>
/// <param name="model">The network as it is.</param>
internal sealed class StepLog(Terminal terminal, TrainingRun run, int count, Func<OnnxModel> model)
{
    private readonly List<TrainingStep> _steps = run.Logged<TrainingStep>();

    public int Count => _steps.Count;

    public double? Loss => _steps.LastOrDefault()?.Loss;

    public double? Seconds => _steps.LastOrDefault()?.Seconds;

    /// <summary>The best IoU; null where none was looked for.</summary>
    public double? Iou => _steps.Max(s => s.Iou);

    /// <summary>The last pseudo-labels' mean confidence; null where there were none.</summary>
    public double? Consensus => _steps.LastOrDefault()?.Consensus;

    public void Add(TrainingStep step)
    {
        _steps.Add(step);
        run.Log(step);
        run.Snapshot(step.Step, model);
        string iou = _steps.LastOrDefault(s => s.Iou is not null)?.Iou is { } last
            ? FormattableString.Invariant($"  IoU {last:0.000}") : "";
        double left = step.Seconds / step.Step * (count - step.Step);
        terminal.Progress.Step(FormattableString.Invariant(
            $"step {step.Step}/{count}  loss {step.Loss:0.0000}{iou}  left {left / 60:0} min"));
    }
}
