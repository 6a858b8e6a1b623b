using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;

namespace SelfAdapt.Study;

/// <summary>Turns the plans' results into the tables of docs/results.md, each between a pair of marks.</summary>
internal static class Tables
{
    private static readonly AdaptationOptions Default = new();

    private static readonly (string Name, AdaptationOptions Options)[] Rules =
    [
        ("outlines", Default),
        ("FN rate (paper)", Default with { Stop = StopRule.Fn }),
        ("D_emb (paper)", Default with { Stop = StopRule.Embedding }),
        ("FN rate and D_emb", Default with { Stop = StopRule.Both }),
        ("none: the last weights", Default with { Stop = StopRule.None }),
    ];

    /// <summary>Other signals, highest wins, to compare rules with.</summary>
    private static readonly (string Name, Func<LabelFreeSignals, double> Signal)[] Signals =
    [
        ("best fit of the common cells' outlines", s => s.OutlineChange),
        ("lowest flow error", s => -s.FlowError),
        ("most foreground explained", s => s.Explained),
        ("most cells", s => s.Cells),
    ];

    /// <summary>Rewrites the marked parts of a document.</summary>
    /// <param name="document">The Markdown file.</param>
    /// <param name="results">The folder with the plans' CSV files.</param>
    public static void Update(string document, string results)
    {
        FinishedRun[] Read(string plan) => [.. ResultRows.Read(Path.Combine(results, plan + ".csv"))];
        string text = File.ReadAllText(document);
        foreach (string plan in Plans.Pairs)
        {
            FinishedRun[] runs = Read(plan);
            Put(plan, runs, r => Summary(r, plan) + "\n" + Final(r));
            Put(plan + "-rules", runs, StopRules);
        }

        foreach (string plan in new[] { "found-size", "stardist" })
        {
            Put(plan, Read(plan), r => Summary(r, plan) + "\n" + Final(r));
        }

        string powers = Path.Combine(results, "powers.csv");
        text = File.Exists(powers) ? Replace(text, "powers", PowerRun.Table(powers)) : text;
        Put("options", Read("options"), Options);
        Put("ablations", Read("ablations"), Ablations);
        File.WriteAllText(document, text);

        void Put(string name, FinishedRun[] runs, Func<FinishedRun[], string> table) =>
            text = runs.Length == 0 ? text : Replace(text, name, table(runs));
    }

    private static string Replace(string text, string name, string table)
    {
        (string begin, string end) = ($"<!-- {name} -->\n", $"<!-- end of {name} -->");
        int from = text.IndexOf(begin, StringComparison.Ordinal);
        int to = text.IndexOf(end, StringComparison.Ordinal);
        return from < 0 || to < from
            ? throw new InvalidOperationException($"The marks of table '{name}' are missing.")
            : text[..(from + begin.Length)] + table + text[to..];
    }

    /// <summary>One row per setting: AP50 of the last weights on each target, and what the rule would have kept.</summary>
    private static string Options(FinishedRun[] runs)
    {
        string[] targets = [.. runs.Select(r => r.Run.Target).Distinct().OrderBy(t => Array.IndexOf(Targets.Choosing, t))];
        StringBuilder text = new($"| setting | {string.Join(" | ", targets)} | mean change at the end | at the rule |\n");
        text.Append('|').Append(string.Concat(Enumerable.Repeat("---|", targets.Length + 3))).Append('\n');
        Row("(before)", targets.Select(t => (double?)runs.First(r => r.Run.Target == t).Start), null, null);
        foreach (IGrouping<string, FinishedRun> group in runs.GroupBy(r => r.Run.Settings))
        {
            bool whole = targets.All(t => group.Any(r => r.Run.Target == t));
            Row(
                group.Key.Length == 0 ? "**as it is**" : group.Key,
                targets.Select(t => group.FirstOrDefault(r => r.Run.Target == t)?.End),
                whole ? group.Average(r => r.End - r.Start) : null,
                whole ? group.Average(r => r.Kept(Default).Ap50!.Value - r.Start) : null);
        }

        return text.ToString();

        void Row(string name, IEnumerable<double?> values, double? change, double? kept) => text.Append(
            $"| {name} | {string.Join(" | ", values.Select(Show))} | {Signed(change)} | {Signed(kept)} |\n");
    }

    /// <summary>What every rule would have kept in the same runs.</summary>
    private static string StopRules(FinishedRun[] runs)
    {
        if (runs.Length == 0)
        {
            return "";
        }

        StringBuilder text = new(
            $"| rule ({runs.Length} runs) | mean change | share of the best | worst | more than .01 below the start |\n"
            + "|---|---|---|---|---|\n");
        foreach ((string name, AdaptationOptions options) in Rules)
        {
            Row(name, r => r.Kept(options).Ap50!.Value);
        }

        foreach ((string name, Func<LabelFreeSignals, double> signal) in Signals)
        {
            Row(name, r => r.Points.MaxBy(p => signal(p.Signals))!.Ap50!.Value);
        }

        Row("best along the run (labels)", r => r.Best);
        return text.ToString();

        void Row(string name, Func<FinishedRun, double> kept)
        {
            double[] changes = [.. runs.Select(r => kept(r) - r.Start)];
            double share = changes.Sum() / runs.Sum(r => r.Best - r.Start);
            text.Append(CultureInfo.InvariantCulture,
                $"| {name} | {Signed(changes.Average())} | {share:0%} | {Signed(changes.Min())} | "
                + $"{changes.Count(c => c < -0.01)} |\n");
        }
    }

    private static string Final(FinishedRun[] runs)
    {
        StringBuilder text = new(
            "| source | target | seeds | before | at the automatic stop | relative | kept at | best along the run |\n"
            + "|---|---|---|---|---|---|---|---|\n");
        foreach (IGrouping<(string Source, string Target), FinishedRun> group in Cells(runs))
        {
            double[] kept = [.. group.Select(r => r.Result(Default).Ap50!.Value)];
            string at = string.Join(", ", group.Select(r => At(r.Result(Default))));
            text.Append(CultureInfo.InvariantCulture,
                $"| {group.Key.Source} | {group.Key.Target} | {group.Count()} | {Show(group.Average(r => r.Start))} | "
                + $"{Spread(kept)} | {(kept.Average() / group.Average(r => r.Start)) - 1:+0%;-0%;0%} | {at} | "
                + $"{Spread([.. group.Select(r => r.Best)])} |\n");
        }

        return text.ToString();
    }

    private static string At(EvaluationPoint point) => string.Create(
        CultureInfo.InvariantCulture, $"{point.Iteration}{(point.Gamma == 1 ? "" : $" (power {point.Gamma})")}");

    private static string Summary(FinishedRun[] runs, string plan)
    {
        IGrouping<(string Source, string Target), FinishedRun>[] cells =
            [.. Cells(runs.Where(r => r.Run.Target != "clean"))];
        if (cells.Length == 0)
        {
            return "";
        }

        double[] starts = [.. cells.Select(c => c.Average(r => r.Start))];
        double[] kept = [.. cells.Select(c => c.Average(r => r.Result(Default).Ap50!.Value))];
        double[] best = [.. cells.Select(c => c.Average(r => r.Best))];
        double[] relative = [.. kept.Zip(starts, (k, s) => (k / s) - 1).Order()];
        return string.Create(CultureInfo.InvariantCulture,
            $"Over {cells.Length} pairs of source and target ({runs.Length} of the plan's {Plans.Find(plan)!.Runs.Count} "
            + $"runs are in): mean AP50 {Show(starts.Average())} "
            + $"before, {Show(kept.Average())} at the automatic stop ({(kept.Average() / starts.Average()) - 1:+0%;-0%}), "
            + $"{Show(best.Average())} at the best point of each run. Relative gain of a pair: median "
            + $"{relative[relative.Length / 2]:+0%;-0%;0%}, mean {relative.Average():+0%;-0%;0%}. The rule keeps "
            + $"{(kept.Sum() - starts.Sum()) / (best.Sum() - starts.Sum()):0%} of the best gain; the worst pair ends "
            + $"{Signed(kept.Zip(starts, (k, s) => k - s).Min())} from its start, the worst single run "
            + $"{Signed(runs.Min(r => r.Result(Default).Ap50!.Value - r.Start))}.\n");
    }

    /// <summary>One row per setting: AP50 at the steps at which the target's first run was looked at; a table per target.</summary>
    private static string Ablations(FinishedRun[] runs)
    {
        StringBuilder text = new();
        foreach (IGrouping<string, FinishedRun> target in runs.GroupBy(r => r.Run.Target))
        {
            int[] steps = [.. target.First().Points.Select(p => p.Iteration)];
            text.Append(CultureInfo.InvariantCulture, $"\n| {target.Key}, after steps | {string.Join(" | ", steps)} |\n|---|");
            text.Append(string.Concat(Enumerable.Repeat("---:|", steps.Length))).Append('\n');
            foreach (FinishedRun run in target)
            {
                IEnumerable<string> values = steps.Select(s => Show(run.Points.FirstOrDefault(p => p.Iteration == s)?.Ap50));
                text.Append($"| {(run.Run.Settings.Length == 0 ? "whole method" : run.Run.Settings)} | {string.Join(" | ", values)} |\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<IGrouping<(string Source, string Target), FinishedRun>> Cells(
        IEnumerable<FinishedRun> runs) => runs.GroupBy(r => (r.Run.Source, r.Run.Target));

    private static string Spread(double[] values)
    {
        if (values.Length < 2)
        {
            return values.Length == 0 ? "" : Show(values[0]);
        }

        return $"{Show(values.Mean())} ± {Show(values.StandardDeviation())}";
    }

    private static string Show(double? value) => value is { } v
        ? v.ToString("0.000", CultureInfo.InvariantCulture).TrimStart('0')
        : "";

    private static string Signed(double? value) => value is { } v
        ? v.ToString("+0.000;-0.000;0", CultureInfo.InvariantCulture).Replace("0.", ".", StringComparison.Ordinal)
        : "";
}
