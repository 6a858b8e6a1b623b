using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Verbs;

/// <summary>rank: which of several models to start from on given images, without labels.</summary>
internal sealed class RankVerb
{
    private readonly SettingOptions<RankSettings> _options = new();
    private readonly SegmentationArguments _segmentation = new(withBatchSize: true);
    private readonly EngineArguments _engine = new(withKind: false);
    private readonly Terminal _terminal;

    private RankVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        RankVerb verb = new(terminal);
        return VerbCommand.Of(
            "rank", "Tell which of several models to start from on given images, without labels", verb.Run,
            verb._options.AddTo, verb._segmentation.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        RankSettings settings = _options.Get(parsed);
        EngineRequest request = _engine.Get(parsed);
        ResultFile.Check(settings.Json);
        IReadOnlyList<string> models = ModelFolder.List(settings.Models);
        SkippedFiles skipped = [];
        NamedImage[] images = Images(settings, skipped);
        List<Ranked> ranked = [];
        BatchProgress progress = new(_terminal.Progress, models.Count);
        foreach (string path in models)
        {
            _terminal.Cancelled.ThrowIfCancellationRequested();
            bool done = skipped.TryModel(path, () => ranked.Add(Ask(parsed, path, settings, request, images)));
            progress.Next(done);
        }

        _terminal.Progress.Finish();
        skipped.Report(_terminal);
        if (ranked.Count == 0)
        {
            throw skipped.FirstError!;
        }

        double[] shares = ModelRanking.FirstShares([.. ranked.Select(r => r.Opinion)]);
        ranked = [.. ranked.Select((r, i) => r with { First = shares[i] })
            .OrderByDescending(r => r.Opinion.Score).ThenByDescending(r => r.First)];
        string verdict = Verdict(ranked);
        Write(ranked, verdict);
        ResultFile.Write(settings.Json, new JsonObject
        {
            ["images"] = new JsonArray([.. images.Select(i => JsonValue.Create(i.Path))]),
            ["verdict"] = verdict,
            ["models"] = new JsonArray([.. ranked.Select(r => (JsonNode)r.ToJson())]),
            ["skipped"] = skipped.ToJson(),
        });
        return (int)skipped.Code;
    }

    /// <summary>The images that models are asked of: some, from files that lie evenly among all.</summary>
    private NamedImage[] Images(RankSettings settings, SkippedFiles skipped)
    {
        IReadOnlyList<string> files = ImageFolder.ListFiles(settings.Images, settings.ImgFilter, skipped);
        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        List<NamedImage> read = [];
        foreach (string file in SizeFinder.Some(files, ModelRanking.MostImages))
        {
            skipped.Try(file, () => read.AddRange(
                ImageFolder.ReadFile(file, names, skipped, withSet: Directory.Exists(settings.Images))));
        }

        NamedImage[] images = [.. SizeFinder.Some(read, ModelRanking.MostImages)];
        foreach (NamedImage image in images.Where(i => i.Note is not null))
        {
            _terminal.Progress.Note($"{image.Name}: {image.Note}");
        }

        return images.Length > 0
            ? images
            : throw skipped.FirstError ?? ImageFolder.NothingUsable(settings.Images, settings.ImgFilter, skipped);
    }

    private Ranked Ask(
        ParseResult parsed, string path, RankSettings settings, EngineRequest request, NamedImage[] images)
    {
        ModelFile model = ModelFile.Load(path);
        RunnableNetwork network = RunnableNetwork.Of(model, settings.Outputs);
        SegmentationOptions options = _segmentation.Get(parsed, model, network.Outputs, null, request.Threads);
        if (network.WhyOrtOnly is { } refusal)
        {
            throw refusal;
        }

        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        using DropoutNetwork dropping = new(network.Trainable!, backend);
        _terminal.Progress.Note(path);
        options = _segmentation.ToFind(parsed).Find(dropping, images, options, _terminal);
        _terminal.Progress.Note("  " + SegmentationArguments.DescribeScale(options));
        return new(path, options.Diameter, ModelRanking.Ask(dropping, options, images, _terminal.Cancelled), 0);
    }

    private static string Verdict(List<Ranked> ranked)
    {
        Ranked best = ranked[0];
        if (best.Opinion.Cells == 0)
        {
            return "No model finds a cell in these images: give --diameter, or try models of other kinds.";
        }

        string start = $"Start from {best.Path}";
        if (ranked.Count == 1)
        {
            return $"{start}: no other model could be asked.";
        }

        string sure = string.Create(
            CultureInfo.InvariantCulture,
            $"it stays first in {100 * best.First:0} % of {ModelRanking.Redraws} redraws of the images");
        Ranked[] tied = [.. ranked.Skip(1).Where(r => r.First >= ModelRanking.Rivalry)];
        return tied.Length == 0
            ? $"{start}: {sure}."
            : $"{start}, but that is a tie with {string.Join(" and ", tied.Select(t => t.Path))}: {sure}. "
                + "Look at the masks of each.";
    }

    private void Write(List<Ranked> ranked, string verdict)
    {
        _terminal.Out.WriteLine("score  first in  cells  diameter  model");
        foreach (Ranked model in ranked)
        {
            _terminal.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{model.Opinion.Score,5:0.000}  {100 * model.First,6:0} %  {model.Opinion.Cells,5}  "
                + $"{model.Opinion.Diameter,5:0.0} px  {model.Path}"));
        }

        _terminal.Out.WriteLine(verdict);
    }

    /// <summary>A model that was asked.</summary>
    /// <param name="Taken">The diameter that its objects were taken to have, px; 0: images were not rescaled.</param>
    /// <param name="First">How often it is the best one where the images are drawn anew.</param>
    private sealed record Ranked(string Path, double Taken, ModelOpinion Opinion, double First)
    {
        public JsonObject ToJson() => new()
        {
            ["model"] = Path,
            ["score"] = ResultFile.Number(Opinion.Score),
            ["first_share"] = ResultFile.Number(First),
            ["cells"] = Opinion.Cells,
            ["diameter"] = ResultFile.Number(Opinion.Diameter),
            ["diameter_taken"] = ResultFile.Number(Taken),
        };
    }

    private sealed record RankSettings : NetworkSettings
    {
        [Setting("Models to choose from: ONNX files, Cellpose checkpoints, and folders of them")]
        public required string[] Models { get; init; }

        [Setting("Folder of images (TIFF, PNG, JPEG, NPY, ...), or one image; some are looked at", Unit = "path")]
        public required string Images { get; init; }

        [Setting("Only images whose name ends so", Unit = "ending", Group = "files")]
        public string ImgFilter { get; init; } = "";
    }
}
