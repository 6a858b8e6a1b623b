using System.Globalization;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Study;

/// <summary>One adaptation of the study.</summary>
/// <param name="Source">Name of the source network.</param>
/// <param name="Target">Name of the target.</param>
/// <param name="Settings">What differs from the study's settings, or empty.</param>
/// <param name="Seed">Seed.</param>
internal sealed record StudyRun(string Source, string Target, string Settings, int Seed)
{
    /// <summary>The columns.</summary>
    public const string Header =
        "source,target,settings,seed,iteration,ap50,outline_fit,outline_change,evidence,evidence_error,fn_rate,d_emb,cells,diameter,foreground,"
        + "explained,flow_error,mean_confidence,view_variance,"
        + "loss,kept,l2sp,gradient,seconds,gamma";

    /// <summary>Judged images, at most.</summary>
    public const int MostJudged = 10;

    /// <summary>What tells this run from others in the file.</summary>
    public string Key => $"{Source},{Target},{Settings},{Seed.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>How the images of a target are segmented with a source, at the true size.</summary>
    public static SegmentationOptions Segmentation(Source source, Target target, int threads) => new()
    {
        Diameter = target.Diameter,
        DiamMean = source.DiamMean,
        Invert = target.Invert,
        Channels = target.Channels,
        Threads = threads,
    };

    /// <summary>Runs it and gives one row per evaluation.</summary>
    /// <param name="source">The source network.</param>
    /// <param name="target">The target.</param>
    /// <param name="start">Settings that the run's own come on top of.</param>
    /// <param name="threads">Threads.</param>
    /// <param name="picture">Where a picture of the judged images goes; null: nowhere.</param>
    public string Execute(Source source, Target target, AdaptationOptions start, int threads, string? picture = null)
    {
        AdaptationOptions options = SelfAdapt.Study.Settings.Apply(start, Settings) with { Seed = (ulong)Seed };
        using CpuBackend backend = new(threads);
        SegmentationOptions segmentation = Segmentation(source, target, threads);
        using AdaptationLoop adapter = new(source.Network, backend, options, segmentation);
        Rows rows = new(Key);
        AdaptationResult result =
            adapter.Run(target.Adaptation, [.. target.Judged.Take(MostJudged)], rows, CancellationToken.None);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Key}: {string.Join(' ', result.Evaluations.Select(e => e.Ap50!.Value.ToString("F3", CultureInfo.InvariantCulture)))}"
            + $" {result.Reason} at {result.KeptPoint.Iteration}, {result.Seconds:F0} s"));
        if (picture is not null)
        {
            File.WriteAllBytes(picture, Pictures.Draw(source.Network, target, segmentation, backend, result.Kept));
        }

        return rows.ToString();
    }

    private sealed class Rows(string key) : IAdaptationObserver
    {
        private readonly StringBuilder _text = new();
        private readonly List<StepPoint> _steps = [];

        public void OnStep(StepPoint point) => _steps.Add(point);

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
            LabelFreeSignals signals = point.Signals;
            double Mean(Func<StepPoint, double> value) => _steps.Count == 0 ? 0 : _steps.Average(value);
            string[] values =
            [
                Number(point.Ap50), Number(signals.OutlineFit), Number(signals.OutlineChange),
                Number(signals.Evidence), Number(signals.EvidenceError), Number(signals.FnRate),
                Number(signals.EmbeddingDistance), Number(signals.Cells), Number(signals.Diameter), Number(signals.Foreground),
                Number(signals.Explained), Number(signals.FlowError), Number(point.MeanConfidence), Number(point.ViewVariance),
                Number(Mean(s => s.Loss)), Number(Mean(s => s.Kept.ToArray().Average())),
                Number(_steps.Count == 0 ? 0 : _steps[^1].L2Sp), Number(Mean(s => s.GradientNorm)),
                Number(_steps.Count == 0 ? 0 : Math.Round(_steps[^1].Seconds)), Number(point.Gamma),
            ];
            _text.Append(CultureInfo.InvariantCulture, $"{key},{point.Iteration},{string.Join(',', values)}\n");
            _steps.Clear();
        }

        public override string ToString() => _text.ToString();

        private static string Number(double? value) =>
            value?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";
    }
}
