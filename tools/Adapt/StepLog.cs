using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Files;

namespace SelfAdapt.Tool;

/// <summary>train.jsonl of a network of one logit, and how far its training is.</summary>
/// <param name="folder">The output folder, ready to be written to.</param>
/// <param name="count">Steps to make.</param>
/// <param name="looks">Whether steps look at held-out forests.</param>
internal sealed class StepLog(Terminal terminal, string folder, int count, bool looks) : IDisposable
{
    private readonly LineFile _log = LineFile.Create(Path.Combine(folder, "train.jsonl"));
    private readonly List<TrainingStep> _steps = [];

    public int Count => _steps.Count;

    public double? Loss => _steps.LastOrDefault()?.Loss;

    public double? Seconds => _steps.LastOrDefault()?.Seconds;

    /// <summary>The best overlap; null where none was looked for.</summary>
    public double? Overlap => _steps.Max(s => s.Overlap);

    /// <summary>The last pseudo-labels' mean confidence; null where there were none.</summary>
    public double? Consensus => _steps.LastOrDefault()?.Consensus;

    public void Add(TrainingStep step)
    {
        _steps.Add(step);
        JsonObject line = new()
        {
            ["step"] = step.Step,
            ["learning_rate"] = ResultFile.Number(step.LearningRate),
            ["loss"] = ResultFile.Number(step.Loss),
        };
        if (looks)
        {
            line["iou"] = ResultFile.Number(step.Overlap);
        }

        if (step.Consensus is { } consensus)
        {
            line["consensus"] = ResultFile.Number(consensus);
        }

        line["seconds"] = ResultFile.Number(Math.Round(step.Seconds, 3));
        _log.Write(line.ToJsonString(JsonStyle.Line));
        string overlap = _steps.LastOrDefault(s => s.Overlap is not null)?.Overlap is { } iou
            ? FormattableString.Invariant($"  IoU {iou:0.000}") : "";
        double left = step.Seconds / step.Step * (count - step.Step);
        terminal.Progress.Step(FormattableString.Invariant(
            $"step {step.Step}/{count}  loss {step.Loss:0.0000}{overlap}  left {left / 60:0} min"));
    }

    public void Dispose() => _log.Dispose();
}
