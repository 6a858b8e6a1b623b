using System.Globalization;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;

namespace SelfAdapt.Study;

/// <summary>A finished run, as its rows tell it.</summary>
/// <param name="Run">Which run.</param>
/// <param name="Points">Its evaluations, iteration 0 first, AP50 included.</param>
/// <param name="Powered">What it kept where it found a power of intensities in the end; else null.</param>
internal sealed record FinishedRun(StudyRun Run, IReadOnlyList<EvaluationPoint> Points, EvaluationPoint? Powered)
{
    /// <summary>AP50 of the source network.</summary>
    public double Start => Points[0].Ap50!.Value;

    /// <summary>AP50 after the last step.</summary>
    public double End => Points[^1].Ap50!.Value;

    /// <summary>The highest AP50 along the run, as only labels could tell.</summary>
    public double Best => Points.Max(p => Math.Max(p.Ap50!.Value, Powered?.Ap50 ?? 0));

    /// <summary>What the run kept by its rule.</summary>
    public EvaluationPoint Result(AdaptationOptions options) => Powered ?? Kept(options);

    /// <summary>The evaluation that a stopping rule picks; the source's where it picks none.</summary>
    /// <param name="options">The rule and its thresholds.</param>
    public EvaluationPoint Kept(AdaptationOptions options)
    {
        StopController controller = new(options);
        foreach (EvaluationPoint point in Points)
        {
            controller.Add(point);
        }

        return controller.Kept ?? Points[0];
    }
}

/// <summary>Reads a plan's CSV file.</summary>
internal static class ResultRows
{
    /// <summary>The runs in the file, in its order; none if there is no file.</summary>
    public static IReadOnlyList<FinishedRun> Read(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        string[] lines = File.ReadAllLines(path);
        string[] columns = lines[0].Split(',');
        return
        [
            .. lines.Skip(1).Select(l => l.Split(',')).GroupBy(v => string.Join(',', v.Take(4)))
                .Select(g => Run(g.First(), [.. g.Select(v => Point(columns, v))])),
        ];
    }

    private static FinishedRun Run(string[] first, EvaluationPoint[] points) => new(
        new StudyRun(first[0], first[1], first[2], Whole(first[3])), [.. points.Where(p => p.Gamma == points[0].Gamma)],
        points.LastOrDefault(p => p.Gamma != points[0].Gamma));

    private static EvaluationPoint Point(string[] columns, string[] values)
    {
        double Value(string column) => double.Parse(
            values[Array.IndexOf(columns, column)], CultureInfo.InvariantCulture);
        LabelFreeSignals signals = new()
        {
            OutlineFit = Value("outline_fit"),
            OutlineChange = Value("outline_change"),
            Evidence = Value("evidence"),
            EvidenceError = Value("evidence_error"),
            FnRate = Value("fn_rate"),
            EmbeddingDistance = Value("d_emb"),
            Cells = (int)Value("cells"),
            Diameter = Value("diameter"),
            Foreground = Value("foreground"),
            Explained = Value("explained"),
            FlowError = Value("flow_error"),
        };
        return new EvaluationPoint((int)Value("iteration"), signals, null, null, Value("ap50"), Value("gamma"));
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
