using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Reporting;

/// <summary>Everything that a run's report tells.</summary>
internal sealed record RunReport
{
    /// <summary>What was run: name and value, in the order shown.</summary>
    public required IReadOnlyList<(string Name, string Value)> Facts { get; init; }

    public required IReadOnlyList<(string Name, string Value)> AllOptions { get; init; }

    public required AdaptationOptions Options { get; init; }

    public required StopReason Reason { get; init; }

    /// <summary>The evaluation whose weights are the result.</summary>
    public required EvaluationPoint KeptPoint { get; init; }

    /// <summary>Whether the result is the model as it was.</summary>
    public bool KeepsOriginal => KeptPoint == Evaluations[0];

    public required IReadOnlyList<EvaluationPoint> Evaluations { get; init; }

    /// <summary>The steps; may be empty.</summary>
    public required IReadOnlyList<LoggedStep> Steps { get; init; }

    public required int Iterations { get; init; }

    /// <summary>The images that both models segmented; may be empty when there is no result.</summary>
    public required IReadOnlyList<ReportSample> Samples { get; init; }

    /// <summary>Images that were to be segmented and were not, as the user stopped it.</summary>
    public int SamplesMissing { get; init; }

    /// <summary>The channel shown, 0-based; null for the mean of all.</summary>
    public int? Channel { get; init; }

    /// <summary>What may be wrong with images or settings, with what to do about it.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The best checkpoint where the original was kept; null where it was not, or there was none.</summary>
    public Rejection? Rejection { get; init; }

    /// <summary>Writes the report as one HTML file that needs no other file, no script and no network.</summary>
    /// <returns>What it says above all.</returns>
    public ReportVerdict Write(string path)
    {
        ReportPage page = new(this);
        OutputFile.WriteDurably(path, Encoding.UTF8.GetBytes(page.ToHtml()));
        return page.Verdict;
    }

    internal string ToHtml() => new ReportPage(this).ToHtml();

    /// <summary>The order in which samples that did not change most are drawn by lot.</summary>
    internal RandomStream Lots() => new RandomStream(Options.Seed).Substream("report");

    /// <summary>AP on the labelled samples, at least one: the original's, and that of what it is held against.</summary>
    internal static PairedDifference MeanPrecision(IReadOnlyList<SampleChange> changes, double threshold) =>
        PairedDifference.Of(
        [
            .. changes.Select(c => c.Sample).Where(s => s.Truth is not null).Select(s => (
                InstanceMatching.Match(s.Truth!, s.Before, threshold).AveragePrecision,
                InstanceMatching.Match(s.Truth!, s.Compared, threshold).AveragePrecision)),
        ]);

    /// <summary>Mean AP of the original and of the kept model on labelled samples; null where there are none.</summary>
    internal static (double? Before, double? After) PrecisionOfKept(IEnumerable<ReportSample> samples, double threshold)
    {
        ReportSample[] labelled = [.. samples.Where(s => s.Truth is not null)];
        return labelled.Length == 0 ? default : (
            labelled.Average(s => InstanceMatching.Match(s.Truth!, s.Before, threshold).AveragePrecision),
            labelled.Average(s => InstanceMatching.Match(s.Truth!, s.After, threshold).AveragePrecision));
    }

    internal static string ReadStyle()
    {
        using Stream stream = typeof(RunReport).Assembly.GetManifestResourceStream("report.css")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
