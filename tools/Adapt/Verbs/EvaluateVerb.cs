using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.ShallowToDeep.Metrics;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>evaluate: scores of predicted masks against labels.</summary>
internal static class EvaluateVerb
{
    private const double BoundaryScale = 0.25;
    private const int Named = 10;

    private static readonly double[] Thresholds = [0.5, 0.75, 0.9];

    public static Command Create(Terminal terminal)
    {
        SettingOptions<EvaluateSettings> options = new();
        Command command = new("evaluate", "Score masks against labels: average precision and more");
        options.AddTo(command);
        command.SetAction(parsed => Run(terminal, options.Get(parsed)));
        return command;
    }

    private static int Run(Terminal terminal, EvaluateSettings settings)
    {
        (string predictions, string labels) = (settings.Predictions, settings.Labels);
        ResultFile.Check(settings.Json);
        IReadOnlyDictionary<string, string> masks = MaskFolder.List(predictions, MaskFolder.Role.Predictions);
        IReadOnlyDictionary<string, string> truth = MaskFolder.List(labels, MaskFolder.Role.Labels);
        string[] unmatched = [.. masks.Where(m => !truth.ContainsKey(m.Key)).Select(m => m.Value)
            .Concat(truth.Where(t => !masks.ContainsKey(t.Key)).Select(t => t.Value))];
        KeyValuePair<string, string>[] pairs = [.. masks.Where(m => truth.ContainsKey(m.Key))];
        if (pairs.Length == 0)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, predictions,
                $"none of its {masks.Count} masks has the name of one in {labels}; for "
                    + $"example "
                + $"'{masks.Keys.First()}' there, '{truth.Keys.First()}' here.");
        }

        BinaryMasks trueMasks = BinaryMasks.Look(labels, pairs.Select(p => truth[p.Key]), terminal);
        BinaryMasks predictedMasks = BinaryMasks.Look(predictions, pairs.Select(p => p.Value), terminal);
        SkippedFiles skipped = [];
        List<Score> scores = [];
        skipped.Keep(pairs, pair => pair.Value, pair =>
        {
            terminal.Cancelled.ThrowIfCancellationRequested();
            string file = truth[pair.Key];
            LabelImage expected = trueMasks.Read(file);
            LabelImage found = predictedMasks.Read(pair.Value);
            MaskFolder.RequireSameSize((found.Height, found.Width), pair.Value, (expected.Height, expected.Width), file);
            scores.Add(Compare(pair.Key, expected, found, SoftDice(pair.Value, expected), settings.Boundary));
            terminal.Out.WriteLine(scores[^1]);
        });
        skipped.Report(terminal);
        foreach (string file in unmatched.Take(Named))
        {
            terminal.Error.WriteLine($"no partner: {file}");
        }

        if (unmatched.Length > Named)
        {
            terminal.Error.WriteLine(
                $"and {unmatched.Length - Named} more without a partner (--json names all)");
        }

        Write(terminal, scores, unmatched, skipped, settings.Json);
        return (int)skipped.Code;
    }

    /// <summary>How well the map beside some masks fits the truth; null where there is none.</summary>
    private static double? SoftDice(string masks, LabelImage truth)
    {
        if (StrokeMaps.Beside(masks) is not { } file)
        {
            return null;
        }

        Image map = ImageFile.Read(file);
        MaskFolder.RequireSameSize((map.Height, map.Width), file, (truth.Height, truth.Width), masks);
        ForegroundScores scores = new();
        scores.Add(map.Plane(0), Array.ConvertAll(truth.Labels, l => l > 0));
        return scores.SoftDice;
    }

    private static Score Compare(string name, LabelImage truth, LabelImage predicted, double? softDice, bool boundary)
    {
        ForegroundScores foreground = new();
        foreground.Add(Array.ConvertAll(predicted.Labels, l => l > 0 ? 1f : 0), Array.ConvertAll(truth.Labels, l => l > 0));
        return new(
            name, Count(truth), Count(predicted),
            SegmentationMetrics.AveragePrecision(truth, predicted, Thresholds),
            SegmentationMetrics.AggregatedJaccard(truth, predicted),
            boundary ? SegmentationMetrics.BoundaryScores(truth, predicted, [BoundaryScale])[0].F : null,
            foreground.F1, softDice, VariationOfInformation.Of(truth, predicted).Sum);
    }

    private static int Count(LabelImage labels) => labels.Labels.Where(l => l > 0).Distinct().Count();

    private static void Write(Terminal terminal, List<Score> scores, string[] unmatched, SkippedFiles skipped, string? json)
    {
        double[] mean = [.. Thresholds.Select((_, i) => scores.Average(s => s.Precision[i]))];
        double jaccard = scores.Average(s => s.Jaccard);
        double? boundary = scores.Average(s => s.Boundary);
        double? softDice = scores.Average(s => s.SoftDice);
        (double foreground, double variation) = (scores.Average(s => s.Foreground), scores.Average(s => s.Variation));
        terminal.Out.WriteLine(new Score(
            $"mean of {scores.Count}", scores.Sum(s => s.True), scores.Sum(s => s.Predicted), mean, jaccard,
                boundary, foreground, softDice, variation));
        JsonObject result = new() { ["images"] = scores.Count };
        AddScores(result, mean, jaccard, boundary);
        result["foreground_f1"] = ResultFile.Number(foreground);
        result["soft_dice"] = ResultFile.Number(softDice);
        result["vi"] = ResultFile.Number(variation);
        result["unmatched"] = new JsonArray([.. unmatched.Select(u => JsonValue.Create(u))]);
        result["skipped"] = skipped.ToJson();
        result["per_image"] = new JsonArray([.. scores.Select(s =>
        {
            JsonObject one = new() { ["name"] = s.Name, ["true"] = s.True, ["predicted"] = s.Predicted };
            AddScores(one, s.Precision, s.Jaccard, s.Boundary);
            one["foreground_f1"] = ResultFile.Number(s.Foreground);
            one["soft_dice"] = ResultFile.Number(s.SoftDice);
            one["vi"] = ResultFile.Number(s.Variation);
            return one;
        })]);
        ResultFile.Write(json, result);
    }

    private static void AddScores(JsonObject target, double[] precision, double jaccard, double? boundary)
    {
        for (int i = 0; i < Thresholds.Length; i++)
        {
            target[FormattableString.Invariant($"ap{100 * Thresholds[i]:0}")] =
                ResultFile.Number(precision[i]);
        }

        target["aji"] = ResultFile.Number(jaccard);
        if (boundary is not null)
        {
            target["boundary_f"] = ResultFile.Number(boundary);
        }
    }

    private sealed record Score(
        string Name, int True, int Predicted, double[] Precision, double Jaccard, double? Boundary,
        double Foreground, double? SoftDice, double Variation)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}: AP50 {Precision[0]:0.000}, AP75 {Precision[1]:0.000}, AP90 {Precision[2]:0.000}, "
            + $"AJI {Jaccard:0.000}{(Boundary is { } f ? $", boundary F {f:0.000}" : "")}; "
            + $"{Predicted} cells, {True} true");
    }

    private sealed record EvaluateSettings : ResultSettings
    {
        [Setting("Masks to score: NAME_cp_masks.* or NAME_masks.*", Unit = "folder")]
        public required string Predictions { get; init; }

        [Setting("True masks: NAME_masks.*, NAME_cp_masks.* or NAME.*", Unit = "folder")]
        public required string Labels { get; init; }

        [Setting("Also score outlines (F at a quarter of the median diameter)")]
        public bool Boundary { get; init; }
    }
}
