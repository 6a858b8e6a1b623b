using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.PseudoLabels;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;

namespace SelfAdapt.Tool.Verbs;

/// <summary>pseudo: trains a network on images with the maps of 'strokes' as their soft labels.</summary>
internal sealed class PseudoVerb
{
    private readonly SettingOptions<PseudoSettings> _options = new();
    private readonly SettingOptions<PseudoLabelOptions> _training = new();
    private readonly EngineArguments _engine = new(withKind: false);
    private readonly Terminal _terminal;

    private PseudoVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        PseudoVerb verb = new(terminal);
        return VerbCommand.Of(
            "pseudo", "Train a network on images, with the maps of 'strokes' as soft labels", verb.Run,
            verb._options.AddTo, verb._training.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        PseudoSettings settings = _options.Get(parsed);
        PseudoLabelOptions options = _training.Get(parsed);
        _training.Check(options.Validate);
        ResultFile.Check(settings.Json);
        EngineRequest request = _engine.Get(parsed);
        (ModelFile model, Network network, _) = settings.Model is { } path
            ? ForegroundModel.Plain(ModelFile.Load(path))
            : ForegroundModel.NewUNet(UNetWidths.Parse(settings.Widths), options.Seed);
        UNetWidths.RequireFits(options.Crop, network.SizeMultiple);
        SkippedFiles skipped = [];
        SoftlyLabelled[] images = Load(settings.Images, settings.Maps, skipped);
        skipped.Report(_terminal);
        using TrainingRun run = TrainingRun.Begin(
            _terminal, parsed, settings, settings.Out, model, ForegroundModel.PlainName, [options, images.Select(i => i.Name)]);
        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        using PseudoLabelTrainer trainer = new(network, backend, options);
        _terminal.Error.WriteLine(FormattableString.Invariant(
            $"{network.ParameterCount:N0} trainable values on {backend.Name}; {images.Length} images with maps"));
        OnnxModel With(WeightSnapshot weights) => model.Onnx.With(IntensityNormalization.Percentile, weights.ByName(network));
        StepLog log = new(_terminal, run, options.Iterations, () => With(trainer.Weights.Download()));
        WeightSnapshot weights = trainer.Train(images, log.Add, run.Cancelled, run.Checkpoint);
        _terminal.Progress.Finish();
        string saved = Path.Combine(settings.Out, ForegroundModel.PlainName);
        With(weights).Save(saved);
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{log.Count} steps in {log.Seconds ?? 0:0} s; network: {saved}. 'segment --model {saved}' runs it"));
        JsonObject result = new()
        {
            ["model"] = saved,
            ["trainable_parameters"] = network.ParameterCount,
            ["images"] = images.Length,
            ["steps"] = log.Count,
            ["loss"] = ResultFile.Number(log.Loss),
            ["seconds"] = ResultFile.Number(log.Seconds),
        };
        return (int)run.End(result, skipped);
    }

    private static SoftlyLabelled[] Load(string folder, string maps, SkippedFiles skipped)
    {
        List<SoftlyLabelled> images = [];
        HashSet<string> names = [];
        IReadOnlyDictionary<string, string> masks =
            Directory.Exists(maps) && !StrokeMaps.AreIn(maps)
                ? MaskFolder.List(maps, MaskFolder.Role.Labels)
                : new Dictionary<string, string>();
        foreach (string file in StrokeFolder.Images(folder, skipped))
        {
            skipped.Try(file, () =>
            {
                NamedImage read = ImageFolder.ReadOne(file);
                Image image = read.Image;
                string name = ImageFolder.UniqueName(read.Name, file, names);
                string? path = StrokeMaps.Find(maps, name);
                if (path is null && !masks.TryGetValue(MaskFolder.Key(name), out path))
                {
                    return;
                }

                Image map = masks.Count == 0 ? ImageFile.Read(path) : Certain(LabelFile.Read(path));
                images.Add(map is { Channels: 1 } && (map.Height, map.Width) == (image.Height, image.Width)
                        && map.Pixels.All(p => p is >= 0 and <= 1)
                    ? new(FeatureImage.From(image, file), map.Pixels, name)
                    : throw new SelfAdaptException(
                        ErrorKind.UnreadableInput, path,
                        $"is no map of {file}: probabilities from 0 to 1 in one plane of {image.Height}x{image.Width} pixels."));
            });
        }

        return images.Count > 0 ? [.. images] : throw skipped.FirstError ?? new SelfAdaptException(
            ErrorKind.UnreadableInput, maps,
            $"holds no map of an image of {folder}: NAME_enhanced.tif or NAME_forest.tif, as 'strokes' writes them, or masks.");
    }

    /// <summary>Masks as a map that is sure of itself.</summary>
    private static Image Certain(LabelImage masks) =>
        new(1, masks.Height, masks.Width, Array.ConvertAll(masks.Labels, l => l > 0 ? 1f : 0f));

    private sealed record PseudoSettings : TrainingSettings
    {
        [Setting("Images to learn from", Unit = "folder")]
        public required string Images { get; init; }

        [Setting("Their maps, as 'strokes' writes them: NAME_enhanced.tif, else NAME_forest.tif; or masks, which count as certain",
            Unit = "folder")]
        public required string Maps { get; init; }

        [Setting("Where network, log and summary go", Unit = "folder")]
        public required string Out { get; init; }

        [Setting("Network to start from, of one channel and one logit", Default = "random weights", Unit = "file", Basic = true)]
        public string? Model { get; init; }

        [Setting("Channels of each level of a new network, finest first; the paper's: 64,128,256,512,1024",
            Unit = "n,n,...", Group = "training")]
        public string Widths { get; init; } = UNetWidths.Default;
    }
}
