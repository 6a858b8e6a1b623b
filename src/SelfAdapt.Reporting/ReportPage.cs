using System.Globalization;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Reporting;

/// <summary>Lays a report out as HTML.</summary>
internal sealed class ReportPage(RunReport report)
{
    private const int MostChanged = 4;
    private const int ByLot = 4;

    private static readonly double[] Thresholds = [0.5, 0.75, 0.9];

    private readonly SampleChange[] _changes = [.. report.Samples.Select(s => new SampleChange(s))];
    private readonly ComparedModels _models = ComparedModels.Of(report);
    private readonly StringBuilder _html = new();
    private ReportVerdict? _verdict;

    /// <summary>What the page says above all.</summary>
    public ReportVerdict Verdict => _verdict ??= ReportVerdict.Of(report, _changes);

    public string ToHtml()
    {
        Add(Markup.Head("Adaptation report"));
        AddVerdict();
        AddFigures();
        AddCurves();
        AddPictures();
        AddCells();
        Add("<section><h2>What was run</h2>");
        Add(Markup.Table(report.Facts));
        Add("</section>\n<section class=\"options\"><h2>All options</h2>");
        Add(Markup.Table(report.AllOptions));
        Add("</section>\n" + Markup.End);
        return _html.ToString();
    }

    private void AddVerdict()
    {
        ReportVerdict verdict = Verdict;
        string kind = report.KeepsOriginal ? "original" : "adapted";
        Add($"<section class=\"verdict {kind}\"><p class=\"headline\">{Safe(verdict.Headline)}</p>"
            + string.Concat(((string[])[verdict.Reason, verdict.Advice, verdict.Precision, verdict.Evidence])
                .Where(p => p.Length > 0).Select(p => $"<p>{Safe(p)}</p>"))
            + "</section>\n");
        foreach (string warning in verdict.Warnings)
        {
            Add($"<p class=\"warning\"><strong>Look out:</strong> {Safe(warning)}</p>\n");
        }
    }

    private void AddFigures()
    {
        List<(string Value, string Name)> figures = [];
        if (_changes.Length > 0)
        {
            figures.Add(Pair(_changes.Sum(c => c.Before.Count), _changes.Sum(c => c.After.Count), "0",
                Text($"cells in {_changes.Length} image{(_changes.Length == 1 ? "" : "s")}, {_models}")));
            figures.Add((Text($"{_changes.Sum(c => c.Gained)}"), "gained: only " + _models.Second));
            figures.Add((Text($"{_changes.Sum(c => c.Lost)}"), "lost: only " + _models.First));
        }

        if (_changes.Any(c => c.Sample.Truth is not null))
        {
            PairedDifference precision = RunReport.MeanPrecision(_changes, 0.5);
            figures.Add(Pair(precision.Before, precision.After, "0.000", $"AP at IoU 0.5, {_models}"));
        }
        else
        {
            int of = report.Evaluations[0].Signals.Cells;
            double lost = (report.Rejection?.Point ?? report.KeptPoint).Signals.FnRate;
            (double low, double high) = Uncertainty.OfFraction(lost, of);
            figures.Add((
                Text($"{lost:0.0%}"),
                Text($"of the original's {of} cells in the images checked not found any more ({low:0%} to {high:0%})")));
        }

        Add("<section class=\"figures\">");
        foreach ((string value, string name) in figures)
        {
            Add($"<div><b>{Safe(value)}</b><span>{Safe(name)}</span></div>");
        }

        Add("</section>\n");
    }

    private void AddCurves()
    {
        double? kept = report.KeptPoint.Iteration;
        AdaptationOptions options = report.Options;
        double last = Math.Max(report.Iterations, 1);
        EvaluationPoint[] points = [.. report.Evaluations.Where(e => e.Gamma == report.Evaluations[0].Gamma)];
        Add("<section><h2>The run</h2><div class=\"charts\">");
        AddChart("Loss", "What training lowers. By itself it says nothing about the cells.",
            [new("loss", [.. report.Steps.Select(s => ((double)s.Iteration, s.Loss))])], null);
        AddChart("Pixels learnt from", "The fraction that the teacher was sure enough about to learn from.",
            [new("pixels", [.. report.Steps.Select(s => ((double)s.Iteration, s.Kept))])], null);
        AddChart("Evidence",
            "Each cell counts by how much stronger the edges of the image are under its outline than around it; cells drawn "
            + "anywhere count against. It needs no labels, and comes from the images, not from the model.",
            [new("evidence", [.. points.Select(p => ((double)p.Iteration, p.Signals.Evidence))], Dots: true)],
            options.Stop == StopRule.Outlines ? points[0].Signals.Evidence : null, "the original:");
        AddChart("Fit of the outlines",
            "The mean change, from the original, of edges under outlines over edges around them, in the cells that both find.",
            [new("change", [.. points.Select(p => ((double)p.Iteration, p.Signals.OutlineChange))], Dots: true)], null);
        AddChart("Cells", "How many the model finds in the images that were checked.",
            [new("cells", [.. points.Select(p => ((double)p.Iteration, (double)p.Signals.Cells))], Dots: true)], null);
        AddChart("Cells lost",
            "The part of the original's cells that the model no longer finds, in the images checked (the paper's FN rate).",
            [new("lost", [.. points.Select(p => ((double)p.Iteration, p.Signals.FnRate))], Dots: true)],
            options.Stop is StopRule.Fn or StopRule.Both ? options.FnThreshold : null);
        AddChart("Style distance",
            "How far the network's own summary of the images checked moved away from the original's (the paper's D_emb).",
            [new("distance", [.. points.Select(p => ((double)p.Iteration, p.Signals.EmbeddingDistance))], Dots: true)],
            options.Stop is StopRule.Embedding or StopRule.Both ? options.EmbeddingThreshold : null);
        if (points.Any(p => p.Ap50 is not null))
        {
            AddChart("AP at IoU 0.5", "On the labelled images; for this report only, the run did not see it.",
                [new("AP50", [.. points.Select(p => ((double)p.Iteration, p.Ap50 ?? double.NaN))], Dots: true)], null);
        }

        Add("</div></section>\n");

        void AddChart(
            string title, string meaning, IReadOnlyList<ChartSeries> series, double? limit, string limitName = "limit") =>
            Add(Markup.Figure(
                title, meaning, LineChart.Draw(title, series, kept, limit, last, limitName, report.Rejection?.Point.Iteration)));
    }

    private void AddPictures()
    {
        if (_changes.Length == 0)
        {
            return;
        }

        SampleChange[] ranked = [.. _changes.OrderByDescending(c => c.Changed).Take(MostChanged)];
        RandomStream lots = report.Lots();
        SampleChange[] others = [.. _changes.Except(ranked).Select(c => (Change: c, Lot: lots.NextUniform()))
            .OrderBy(c => c.Lot).Take(ByLot).Select(c => c.Change)];
        Add($"<section><h2>Outlines: {Safe(_models.ToString())}</h2>"
            + "<p class=\"legend\"><span class=\"same\">found both times</span>"
            + $"<span class=\"lost\">lost: only {Safe(_models.First)}</span>"
            + $"<span class=\"gained\">gained: only {Safe(_models.Second)}</span></p>");
        AddSamples("Where most changed", ranked, null, "m");
        AddSamples("Drawn at random", others, lots, "r");
        Add("</section>\n");
    }

    private void AddSamples(string title, SampleChange[] samples, RandomStream? lots, string prefix)
    {
        if (samples.Length == 0)
        {
            return;
        }

        Add($"<h3>{Safe(title)}</h3><div class=\"samples\">");
        for (int i = 0; i < samples.Length; i++)
        {
            SampleChange change = samples[i];
            (double, double)? place = lots is null ? null : (lots.NextUniform(), lots.NextUniform());
            Image image = change.Sample.Image;
            string part = OutlineFigure.ShowsAll(image)
                ? ""
                : Text($", a part of {image.Width} x {image.Height} px");
            string figures = OutlineFigure.Draw(change, Text($"{prefix}{i}"), report.Channel, place, _models);
            Add($"<article><h4><bdi>{Safe(change.Sample.Name)}</bdi>"
                + $"<small>{Safe(Changes(change) + part)}</small></h4>"
                + $"<div class=\"pair\">{figures}</div>"
                + "</article>\n");
        }

        Add("</div>");
    }

    private static string Changes(SampleChange change) => change.Lost + change.Gained == 0
        ? "the same cells"
        : Text($"{change.Gained} gained, {change.Lost} lost");

    private void AddCells()
    {
        if (_changes.Length == 0)
        {
            return;
        }

        bool labelled = _changes.Any(c => c.Sample.Truth is not null);
        Add("<section><h2>Cells</h2><div class=\"charts\"><figure><figcaption><b>Sizes</b> Diameters of all cells of "
            + "the images below. "
            + $"<span class=\"key before\">{Safe(_models.First)}</span> "
            + $"<span class=\"key after\">{Safe(_models.Second)}</span></figcaption>"
            + SizeHistogram.Draw(
                [.. _changes.SelectMany(c => SampleChange.Diameters(c.Before))],
                [.. _changes.SelectMany(c => SampleChange.Diameters(c.After))])
            + "</figure>");
        if (labelled)
        {
            AddPrecision();
        }

        Add("</div><div class=\"wide\"><table class=\"numbers\"><thead><tr><th>image</th>"
            + $"<th>cells {Safe(_models.First)}</th><th>cells {Safe(_models.Second)}</th><th>gained</th><th>lost</th>"
            + (labelled ? $"<th>AP50 {Safe(_models.First)}</th><th>AP50 {Safe(_models.Second)}</th>" : "") + "</tr></thead><tbody>");
        foreach (SampleChange c in _changes)
        {
            Add($"<tr><td><bdi>{Safe(c.Sample.Name)}</bdi></td>"
                + Text($"<td>{c.Before.Count}</td><td>{c.After.Count}</td><td>{c.Gained}</td><td>{c.Lost}</td>"));
            if (labelled)
            {
                Add($"<td>{Precision(c, c.Sample.Before)}</td><td>{Precision(c, c.Sample.Compared)}</td>");
            }

            Add("</tr>\n");
        }

        Add("</tbody></table></div></section>\n");
    }

    private void AddPrecision()
    {
        int count = _changes.Count(c => c.Sample.Truth is not null);
        Add(Text($"<figure><figcaption><b>Average precision</b> Mean over {count} labelled image")
            + (count == 1 ? "" : "s, and the difference with its standard error")
            + ".</figcaption><table class=\"numbers\"><thead><tr><th>IoU</th>"
            + $"<th>{Safe(_models.First)}</th><th>{Safe(_models.Second)}</th><th>difference</th></tr></thead><tbody>");
        foreach (double threshold in Thresholds)
        {
            PairedDifference p = RunReport.MeanPrecision(_changes, threshold);
            string error = p.StandardError is { } e ? Text($" \u00b1 {e:0.000}") : "";
            Add(Text($"<tr><td>{threshold:0.00}</td><td>{p.Before:0.000}</td><td>{p.After:0.000}</td>")
                + Text($"<td>{p.After - p.Before:+0.000;-0.000;0.000}{error}</td></tr>"));
        }

        Add("</tbody></table></figure>");
    }

    private static string Precision(SampleChange change, LabelImage found) => change.Sample.Truth is { } truth
        ? Text($"{InstanceMatching.Match(truth, found, 0.5).AveragePrecision:0.000}")
        : "";

    private static (string Value, string Name) Pair(double before, double after, string format, string name) => (
        before.ToString(format, CultureInfo.InvariantCulture) + " \u2192 "
            + after.ToString(format, CultureInfo.InvariantCulture),
        name);

    private void Add(string html) => _html.Append(html);

    private static string Safe(string text) => Markup.Escape(text);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
