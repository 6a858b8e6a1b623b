using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;

namespace SelfAdapt.Tool.Verbs;

/// <summary>enhancer: trains a network that repairs forests' maps, on images with masks; it never sees the images.</summary>
internal sealed class EnhancerVerb
{
    private const string OnnxName = "enhancer.onnx";

    private readonly SettingOptions<EnhancerSettings> _options = new();
    private readonly SettingOptions<EnhancerOptions> _training = new();
    private readonly EngineArguments _engine = new(withKind: false);
    private readonly Terminal _terminal;

    private EnhancerVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        EnhancerVerb verb = new(terminal);
        return VerbCommand.Of(
            "enhancer", "Train a network that repairs the maps of forests from strokes", verb.Run,
            verb._options.AddTo, verb._training.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        EnhancerSettings settings = _options.Get(parsed);
        EnhancerOptions options = _training.Get(parsed);
        _training.Check(options.Validate);
        ResultFile.Check(settings.Json);
        EngineRequest request = _engine.Get(parsed);
        FeatureSet set = settings.Features.Set();
        ModelFile model = settings.Model is { } path
            ? ModelFile.Load(path)
            : ModelFile.Of(EnhancerTrainer.NewModel(UNetWidths.Parse(settings.Widths), set, options.Seed), "a new network");
        Network network = model.ImportForTraining(null);
        PredictionEnhancer.Require(model.Onnx, network, set);
        UNetWidths.RequireFits(options.Crop, network.SizeMultiple);
        SkippedFiles skipped = [];
        IReadOnlyList<LabelledImage> labelled = LabelledFolder.Load(
            settings.Labels ?? settings.Images, [], settings.Images, skipped, _terminal);
        skipped.Report(_terminal);
        SourceImage[] images = [.. labelled.Select(l => new SourceImage(
            FeatureImage.From(l.Image, l.Name), Array.ConvertAll(l.Masks.Labels, m => m > 0)))];
        using TrainingRun run = TrainingRun.Begin(
            _terminal, parsed, settings, settings.Out, model, OnnxName, [options, set.ToString(), labelled.Select(l => l.Name)]);
        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        using EnhancerTrainer trainer = new(network, backend, options);
        _terminal.Error.WriteLine(FormattableString.Invariant(
            $"{network.ParameterCount:N0} trainable values on {backend.Name}; {images.Length} images, {options.Forests} forests of {set.Columns} features"));
        OnnxModel With(WeightSnapshot weights) => model.Onnx.With(IntensityNormalization.None, weights.ByName(network));
        StepLog log = new(_terminal, run, options.Iterations, () => With(trainer.Weights.Download()));
        WeightSnapshot best = trainer.Train(images, set, request.Threads, log.Add, run.Cancelled, run.Checkpoint);
        _terminal.Progress.Finish();
        string saved = Path.Combine(settings.Out, OnnxName);
        With(best).Save(saved);
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{log.Count} steps in {log.Seconds ?? 0:0} s, IoU on held-out forests {log.Iou:0.000}; enhancer: {saved}"));
        JsonObject result = new()
        {
            ["model"] = saved,
            ["trainable_parameters"] = network.ParameterCount,
            ["images"] = images.Length,
            ["features"] = set.ToString(),
            ["steps"] = log.Count,
            ["loss"] = ResultFile.Number(log.Loss),
            ["iou"] = ResultFile.Number(log.Iou),
            ["seconds"] = ResultFile.Number(log.Seconds),
        };
        return (int)run.End(result, skipped);
    }

    private sealed record EnhancerSettings : TrainingSettings
    {
        [Setting("Images; their masks are NAME_masks.* for NAME.* or NAME_img.*", Unit = "folder")]
        public required string Images { get; init; }

        [Setting("Where the masks are", Default = "beside the images", Unit = "folder", Basic = true)]
        public string? Labels { get; init; }

        [Setting("Where the enhancer, log and summary go", Unit = "folder")]
        public required string Out { get; init; }

        [Setting("Enhancer to start from", Default = "random weights", Unit = "file", Basic = true)]
        public string? Model { get; init; }

        [Setting("Channels of each level of a new network, finest first; the paper's: 64,128,256,512,1024",
            Unit = "n,n,...", Group = "training")]
        public string Widths { get; init; } = UNetWidths.Default;

        [Setting("Pixel features of the forests: full (43) or fast (28)", Group = "forest")]
        public FeatureChoice Features { get; init; }
    }
}
