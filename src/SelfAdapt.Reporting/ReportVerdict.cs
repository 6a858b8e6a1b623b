using System.Globalization;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;

namespace SelfAdapt.Reporting;

/// <summary>What came of a run, in plain words; accuracy is spoken of only where there were labels.</summary>
/// <param name="Reason">Why the run ended and these weights were kept.</param>
/// <param name="Advice">What to do next; empty where there is nothing to say.</param>
/// <param name="Precision">AP on labelled images; empty without them.</param>
/// <param name="Evidence">What the words rest on, and what they do not say.</param>
internal sealed record ReportVerdict(
    string Headline, string Reason, string Advice, string Precision, string Evidence, IReadOnlyList<string> Warnings)
{
    private const double ManyTimes = 3;
    private const double HardlyAny = 0.01;
    private const double Strict = 0.9;

    public static ReportVerdict Of(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        EvaluationPoint kept = report.KeptPoint;
        string headline = report.KeepsOriginal
            ? report.Reason is StopReason.NoCells or StopReason.Diverged ? "No adapted model" : "Original model kept"
            : "Adapted model kept: "
                + (kept.Iteration > 0 ? Text($"the weights after step {kept.Iteration} of {report.Iterations}") : "the original's weights")
                + (kept.Gamma == report.Evaluations[0].Gamma ? "" : Text($", intensities to the power {kept.Gamma:0.##}"));
        return new(
            headline, Why(report), NextStep(report), PrecisionOf(report, changes), EvidenceFor(report, changes),
            [.. report.Notes, .. WarningsFor(report, changes)]);
    }

    private static string Why(RunReport report)
    {
        AdaptationOptions options = report.Options;
        if (report.Reason == StopReason.NoCells)
        {
            return "The run ended before its first step: the original finds no cell in the images checked, so there is "
                + "nothing to learn from.";
        }

        if (report.Iterations == 0)
        {
            return options.Iterations == 0
                ? "No step was asked for: the result is the model as it was."
                : "No step was made.";
        }

        string ended = report.Reason switch
        {
            StopReason.Completed when options.Stop == StopRule.None =>
                "All steps were done. No stopping rule was in force, so the last weights count, whatever the "
                + "signals below show.",
            StopReason.Completed => "All steps were done.",
            StopReason.Outlines => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: in {options.Patience} checks in a row no better checkpoint was found."),
            StopReason.FalseNegativeRate => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: a check found that more than {options.FnThreshold:0.#%} of the cells that the original "
                + $"finds had been lost."),
            StopReason.EmbeddingDistance => string.Create(
                CultureInfo.InvariantCulture,
                $"The run ended itself: a check found the network's summary of the images (its style) further than "
                + $"{options.EmbeddingThreshold:0.###} from the original's."),
            StopReason.Time => string.Create(
                CultureInfo.InvariantCulture,
                $"The next check would have come after the {options.Minutes:0.#} minutes that were allowed."),
            StopReason.Cancelled => "The run was stopped by hand.",
            _ => "The numbers ran away: a loss or weight was no longer a number.",
        };
        string kept = report.KeepsOriginal ? WhyOriginal(report)
            : options.Stop == StopRule.Outlines ? WhyThisOne(report)
            : options.Stop == StopRule.None ? ""
            : report.Reason == StopReason.Completed ? "Every check stayed within the limits."
            : "The last check within the limits gave the result.";
        return kept.Length > 0 ? ended + " " + kept : ended;
    }

    /// <summary>What the rule saw in the checkpoint that it picked.</summary>
    private static string WhyThisOne(RunReport report)
    {
        LabelFreeSignals before = report.Evaluations[0].Signals;
        LabelFreeSignals kept = report.KeptPoint.Signals;
        EvaluationPoint plain = report.Evaluations.First(
            e => e.Iteration == report.KeptPoint.Iteration && e.Gamma == report.Evaluations[0].Gamma);
        string byPower = plain == report.KeptPoint ? ""
            : Text($" With the same weights and intensities as they are the evidence is {Give(plain.Signals)}. The power, ")
                + Text($"{report.KeptPoint.Gamma:0.##}, stands at the front of the model's graph, so that other programs take it too.");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The edges of the images speak most for this checkpoint: its evidence is {Give(kept)}, the original's "
            + $"{before.Evidence:0.0}. Edges are {kept.OutlineFit:0.00} times as strong under its outlines as around them, "
            + $"{before.OutlineFit:0.00} times under the original's. It finds {kept.Cells} cells, the original {before.Cells}; "
            + $"{1 - kept.FnRate:0.0%} of the original's are still found.") + byPower;
    }

    /// <summary>What speaks against the best checkpoint.</summary>
    private static string WhyOriginal(RunReport report)
    {
        if (report.Rejection is not { } rejection)
        {
            return "There was no check that could have found a better one, so the result is the model as it was.";
        }

        LabelFreeSignals before = report.Evaluations[0].Signals;
        LabelFreeSignals best = rejection.Point.Signals;
        (double low, double high) = Uncertainty.OfFraction(best.FnRate, before.Cells);
        string why = rejection.Cause switch
        {
            RejectionCause.TooLittleEvidence => string.Create(
                CultureInfo.InvariantCulture,
                $"the evidence that the edges of the images give for its {best.Cells} cells is {Give(best)}, the original's for "
                + $"{before.Cells} is {before.Evidence:0.0}, and more than {rejection.Limit:0.0} was needed to be clearly "
                + $"better. Edges are {best.OutlineFit:0.00} times as strong under its outlines as around them, "
                + $"{before.OutlineFit:0.00} times under the original's."),
            RejectionCause.CellsLost => string.Create(
                CultureInfo.InvariantCulture,
                $"it lost {best.FnRate:0.0%} of the {before.Cells} cells that the original finds in the images checked "
                + $"({low:0%} to {high:0%}, by their number), and at most {rejection.Limit:0.#%} may be lost."),
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"the network's summary of the images (its style) moved by {rejection.Value:0.000}, and at most "
                + $"{rejection.Limit:0.###} is allowed."),
        };
        return Text($"The best candidate, after step {rejection.Point.Iteration}, was rejected: ") + why
            + " So the result is the model as it was.";
    }

    /// <summary>The evidence with the standard error of its difference from the original's.</summary>
    private static string Give(LabelFreeSignals signals) => Text($"{signals.Evidence:0.0} \u00b1 {signals.EvidenceError:0.0}");

    /// <summary>What fits the cause.</summary>
    private static string NextStep(RunReport report)
    {
        if (report.Reason == StopReason.Diverged)
        {
            return "A lower learning rate may help.";
        }

        return (report.KeepsOriginal ? report.Rejection?.Cause : null) switch
        {
            RejectionCause.TooLittleEvidence =>
                "Where the original's outlines are right, there is nothing to gain. Where they are wrong all over, another "
                + "model (rank) or another diameter will help more than training without labels.",
            RejectionCause.CellsLost or RejectionCause.EmbeddingsMoved =>
                "A lower learning rate moves the model less; the rule by outlines weighs gains against losses.",
            _ => "",
        };
    }

    private static string PrecisionOf(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        int labelled = changes.Count(c => c.Sample.Truth is not null);
        if (labelled == 0)
        {
            return "";
        }

        PairedDifference at50 = RunReport.MeanPrecision(changes, 0.5);
        PairedDifference at75 = RunReport.MeanPrecision(changes, 0.75);
        PairedDifference strict = RunReport.MeanPrecision(changes, Strict);
        bool rejected = report.Rejection is not null;
        string on = Text($"On {labelled} labelled image{Plural(labelled)} ");
        if (report.KeepsOriginal && changes.All(c => c.Sample.Rejected is null))
        {
            return on + Text($"AP at IoU 0.5 is {at50.Before:0.000}, at IoU 0.75 {at75.Before:0.000}.");
        }

        string word = at50.Sign switch { > 0 => "better than", < 0 => "worse than", _ => "not clearly different from" };
        string second = rejected ? "with the candidate" : "after";
        string first = rejected ? "with the original" : "before";
        string error = at50.StandardError is { } e ? Text($" (standard error of the difference {e:0.000})") : "";
        return on + (rejected ? "the rejected candidate" : "the adapted model") + $" is {word} the original: AP at IoU 0.5 is "
            + Text($"{at50.After:0.000} {second} and {at50.Before:0.000} {first}{error}, ")
            + Text($"at IoU 0.75 {at75.After:0.000} and {at75.Before:0.000}.")
            + (strict.Sign == at50.Sign ? "" : string.Create(
                CultureInfo.InvariantCulture,
                $" For outlines that must fit closely (IoU {Strict}) it is {strict.After:0.000} {second} and ")
                + Text($"{strict.Before:0.000} {first}."))
            + " This holds for those images; the labels played no part in the adaptation.";
    }

    private static string EvidenceFor(RunReport report, IReadOnlyList<SampleChange> changes)
    {
        if (changes.Count == 0 && report.SamplesMissing > 0)
        {
            return "No image was segmented for this report, so nothing was compared: look at masks of both models "
                + "before you trust the new one.";
        }

        return changes.Count == 0 || changes.Any(c => c.Sample.Truth is not null) ? ""
            : report.KeepsOriginal
            ? "There were no labels, so nothing here says how accurate the model is, or whether another is better: look at the "
                + "outlines below."
            : "There were no labels, so nothing here says how accurate either model is, or which is better. What "
                + "was measured is how far the two agree; look at the outlines below before you trust the new one.";
    }

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
        bool rejected = changes.Any(c => c.Sample.Rejected is not null);
        if (rejected)
        {
            // What was not kept needs no warning.
        }
        else if (after == 0 && before > 0)
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

        if (before == 0 && changes.Count > 0 && report.SamplesMissing == 0)
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
                $"{report.KeptPoint.Signals.FnRate:0.#%} of the cells that the original finds in the images checked are gone, "
                + $"more than the usual limit of {report.Options.FnThreshold:0.#%}.");
        }
    }

    private static string Plural(int count) => count == 1 ? "" : "s";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
