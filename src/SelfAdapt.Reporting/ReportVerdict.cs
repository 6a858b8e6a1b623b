using System.Globalization;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Reporting;

/// <summary>What came of a run, in plain words; accuracy is spoken of only where there were labels.</summary>
/// <param name="Evidence">What the words rest on, and what they do not say.</param>
internal sealed record ReportVerdict(
    string Headline, string Reason, string Evidence, IReadOnlyList<string> Warnings)
{
    private const double ManyTimes = 3;
    private const double HardlyAny = 0.01;
    private const double ClearDifference = 0.005;
    private const double Strict = 0.9;

    public static ReportVerdict Of(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        int step = report.KeptPoint.Iteration;
        string headline = step == 0
            ? "Original model kept"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Adapted model kept: the weights after step {step} of {report.Iterations}");
        return new(headline, Why(report), EvidenceFor(report, changes), [.. WarningsFor(report, changes)]);
    }

    private static string Why(RunReport report)
    {
        AdaptationOptions options = report.Options;
        string ended = report.Reason switch
        {
            StopReason.Completed when options.Stop == StopRule.None =>
                "All steps were done. No stopping rule was in force, so the last weights count, whatever the "
                + "signals below show.",
            StopReason.Completed when options.Stop == StopRule.Steadiness => "All steps were done. " + BySteadiness(report),
            StopReason.Completed => "All steps were done, and every check stayed within the limits.",
            StopReason.Steadiness => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: in {options.Patience} checks the model had not grown steadier. ")
                + BySteadiness(report),
            StopReason.FalseNegativeRate => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: a check found that more than {options.FnThreshold:0.#%} of the cells that the "
                + $"original finds had been lost."),
            StopReason.EmbeddingDistance => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: a check found the images' embeddings further than "
                + $"{options.EmbeddingThreshold:0.###} from the original's."),
            StopReason.Time => string.Create(
                CultureInfo.InvariantCulture,
                $"The next check would have come after the {options.Minutes:0.#} minutes that were allowed."),
            StopReason.Cancelled => "The run was stopped by hand.",
            _ => "The numbers ran away (a loss or weight was no longer a number); a smaller learning rate may help.",
        };
        return report.KeptPoint.Iteration switch
        {
            0 when report.Iterations == 0 => "No step was made.",
            0 when options.Stop != StopRule.Steadiness =>
                ended + " No later check was within the limits, so the result is the model as it was.",
            _ when report.Reason is StopReason.Completed or StopReason.Steadiness => ended,
            _ when options.Stop == StopRule.Steadiness => ended + " " + BySteadiness(report),
            _ => ended + " The last check within the limits gave the result.",
        };
    }

    /// <summary>What the rule saw in the checkpoint that it picked.</summary>
    private static string BySteadiness(RunReport report)
    {
        HeldOutSignals before = report.Evaluations[0].Signals;
        HeldOutSignals kept = report.KeptPoint.Signals;
        double best = report.Evaluations.Skip(1).Select(e => e.Signals.Steadiness).DefaultIfEmpty(0).Max();
        return report.KeptPoint.Iteration == 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"No check passed for better: the original's steadiness (how many cells outlast noise, times how many of "
                + $"its cells are still found) is {before.Steadiness:0.000} on the held-out images, a later one's "
                + $"{best:0.000} at best, and a check counts only where no fewer cells were found ({before.Cells} by the "
                + $"original). So the result is the model as it was.")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"This checkpoint is the steadiest: {kept.Agreement:0.0%} of its {kept.Cells} cells stay the same when "
                + $"noise is added to the held-out images, {before.Agreement:0.0%} of the original's {before.Cells} do (a "
                + $"handful counts for less), and {1 - kept.FnRate:0.0%} of the original's cells are still found.");
    }

    private static string EvidenceFor(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        int labelled = changes.Count(c => c.Sample.Truth is not null);
        if (changes.Count == 0 && report.SamplesMissing > 0)
        {
            return "No image was segmented for this report, so nothing was compared: look at masks of both models "
                + "before you trust the new one.";
        }

        if (labelled == 0)
        {
            return "There were no labels, so nothing here says how accurate either model is, or which is better. What "
                + "was measured is how far the two agree; look at the outlines below before you trust the new one.";
        }

        if (report.KeptPoint.Iteration == 0)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"Measured on {labelled} labelled image{Plural(labelled)}; before and after are the same model.");
        }

        (double before, double after) = RunReport.MeanPrecision(changes, 0.5);
        (double strictBefore, double strictAfter) = RunReport.MeanPrecision(changes, Strict);
        string verdict = Compare(before, after) switch { > 0 => "better than", < 0 => "worse than", _ => "like" };
        string strict = Compare(strictBefore, strictAfter) == Compare(before, after)
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $" For outlines that must fit closely (IoU {Strict}) it is {strictAfter:0.000} after and "
                + $"{strictBefore:0.000} before.");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"On {labelled} labelled image{Plural(labelled)} the adapted model is {verdict} the original: AP at IoU "
            + $"0.5 is {after:0.000} after and {before:0.000} before.{strict} This holds for those images; the labels "
            + $"played no part in the adaptation.");
    }

    private static int Compare(double before, double after) =>
        after > before + ClearDifference ? 1 : after < before - ClearDifference ? -1 : 0;

    private static IEnumerable<string> WarningsFor(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        if (report.SamplesMissing > 0)
        {
            yield return $"This report was cut short by hand: {changes.Count} of "
                + $"{changes.Count + report.SamplesMissing} images were segmented for it. The model was written before "
                + "and is whole.";
        }

        int before = changes.Sum(c => c.Before.Count);
        int after = changes.Sum(c => c.After.Count);
        if (after == 0 && before > 0)
        {
            yield return "No cell is left in any of the images below: the adaptation has most likely collapsed.";
        }
        else if (Math.Max(before, after) >= ManyTimes * Math.Max(1, Math.Min(before, after)))
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"The number of cells changed a lot ({before} before, {after} after): that may be gain or collapse; "
                + $"only looking can tell.");
        }

        if (before == 0 && report.SamplesMissing == 0)
        {
            yield return "The original finds no cells in these images, so the stopping signals, which watch them, "
                + "are blind. Check the diameter and the channels.";
        }

        double[] kept = [.. report.Steps.TakeLast(Math.Max(1, report.Steps.Count / 10))
            .Select(s => s.Kept).Where(double.IsFinite)];
        if (kept.Length > 0 && kept.Average() < HardlyAny)
        {
            yield return "Towards the end hardly any pixel was trusted enough to learn from.";
        }

        if (report.Options.Stop == StopRule.None && report.KeptPoint.Signals.FnRate > report.Options.FnThreshold)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{report.KeptPoint.Signals.FnRate:0.#%} of the cells that the original finds in the held-out images are gone, "
                + $"more than the usual limit of {report.Options.FnThreshold:0.#%}.");
        }
    }

    private static string Plural(int count) => count == 1 ? "" : "s";
}
