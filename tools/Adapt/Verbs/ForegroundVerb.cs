using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Learning;
using SelfAdapt.Probabilistic.Networks;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;

namespace SelfAdapt.Tool.Verbs;

/// <summary>foreground: trains a foreground network on labelled images, or adapts one to others by its own labels.</summary>
internal sealed class ForegroundVerb
{
    // A share of the pixels.
    private const double HardlyAny = 0.01;

    private readonly SettingOptions<ForegroundSettings> _options = new();
    private readonly SettingOptions<SelfTrainingOptions> _training = new();
    private readonly EngineArguments _engine = new(withKind: false);
    private readonly Terminal _terminal;

    private ForegroundVerb(Terminal terminal) => _terminal = terminal;

    /// <summary>What a new network is.</summary>
    private enum NewNetwork
    {
        /// <summary>A Probabilistic U-Net.</summary>
        Probabilistic,

        /// <summary>A plain U-Net.</summary>
        UNet,
    }

    public static Command Create(Terminal terminal)
    {
        ForegroundVerb verb = new(terminal);
        return VerbCommand.Of(
            "foreground", "Train a foreground network (Probabilistic U-Net or any of one logit), or adapt it by its own labels", verb.Run,
            verb._options.AddTo, verb._training.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        ForegroundSettings settings = _options.Get(parsed);
        SelfTrainingOptions options = _training.Get(parsed);
        if (settings is { Source: null, Offline: false } && !_training.IsGiven(parsed, nameof(options.LearningRate)))
        {
            options = options with { LearningRate = SelfTrainingOptions.SeparateRate };
        }

        _training.Check(options.Validate);
        Check(settings, options);
        ResultFile.Check(settings.Json);
        EngineRequest request = _engine.Get(parsed);
        ForegroundModel start = settings.Model is { } path ? ForegroundModel.Of(ModelFile.Load(path)) : New(settings, options.Seed);
        UNetWidths.RequireFits(options.Crop, start.Network.SizeMultiple);
        settings = settings with { Normalization = _options.GivenOr(parsed, settings.Normalization, start.Model.Normalization) };
        SkippedFiles skipped = [];
        IReadOnlyList<LabelledImage> source = Labelled(settings.Source, skipped);
        IReadOnlyList<LabelledImage> judged = Labelled(settings.Judge, skipped);
        IReadOnlyList<NamedImage> targets = Targets(settings.Images, judged, skipped);
        skipped.Report(_terminal);
        string saved = start.FileIn(settings.Out);
        using TrainingRun run = TrainingRun.Begin(
            _terminal, parsed, settings, settings.Out, start.Model, Path.GetFileName(saved),
            [
                options, settings.Offline, settings.Network, settings.Widths, settings.Latent, settings.Combining,
                settings.Normalization, source.Select(s => s.Name), targets.Select(t => t.Name),
            ],
            new Dictionary<string, string>
            {
                ["--learning-rate"] = WordForm.Write(options.LearningRate)!,
                ["--normalize"] = WordForm.Write(settings.Normalization)!,
            });
        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        IReadOnlyList<TrainingPlane> sourcePlanes =
            [.. source.Select(s => TrainingPlane.From(s.Image, s.Masks, settings.Normalization, s.Name))];
        IReadOnlyList<TrainingPlane> targetPlanes =
            [.. targets.Select(t => TrainingPlane.From(t.Image, null, settings.Normalization, t.Name))];
        ForegroundModel trained = start;
        DistributionAlignment? alignment = null;
        if (settings.Offline || options.Align)
        {
            IReadOnlyList<ForegroundPrediction> predictions = Predict(start, backend, options, targets, settings, request.Threads);
            alignment = options.Align
                ? new(predictions.Average(p => p.Probability.Average(v => v >= 0.5f ? 1.0 : 0)))
                : null;
            if (settings.Offline)
            {
                Keep(predictions, targets, settings.Out);
                sourcePlanes = [.. predictions.Zip(targetPlanes, (p, plane) => p.Label(plane, options.Filter))];
                (targetPlanes, trained) = ([], New(settings, options.Seed));
                saved = trained.FileIn(settings.Out);
            }
        }

        bool asTeacher = targetPlanes.Count > 0 && options.Scheme == SelfTrainingScheme.MeanTeacher;
        int parts = (sourcePlanes.Count > 0 ? 1 : 0) + (targetPlanes.Count > 0 ? 1 : 0);
        using IForegroundLearner learner = trained.Learner(backend, options, Math.Max(1, parts));
        _terminal.Error.WriteLine(FormattableString.Invariant(
            $"{trained.Network.ParameterCount:N0} trainable values on {backend.Name}; {source.Count} labelled images, {targets.Count} without labels"));
        WeightSnapshot Now() => (asTeacher ? learner.Teacher : learner.Student).Download();
        StepLog log = new(_terminal, run, options.Iterations, () => trained.With(Now(), settings.Normalization));
        CollapseGuard? guard = null;
        if (parts > 0)
        {
            guard = new SelfTraining(learner, options, Standardised(settings)).Train(
                sourcePlanes, targetPlanes, settings.Model is not null, alignment, log.Add, run.Cancelled, run.Checkpoint);
            _terminal.Progress.Finish();
        }

        if (options.Filter != ConsensusFilter.None && log.Consensus < HardlyAny)
        {
            _terminal.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Hardly any pixel counted ({log.Consensus:0.0%} in the last step), so next to nothing was learnt from these images. Lower "
                + $"--confidence ({options.Confidence}), or give --filter none."));
        }

        if (guard is { HasEnded: true })
        {
            _terminal.Error.WriteLine(LostClass(guard, log.Count, settings.Source is not null));
        }

        trained.Save(Now(), settings.Normalization, settings.Out, options.Samples);
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{log.Count} steps in {log.Seconds ?? 0:0} s; network: {saved}. 'segment --model {Path.Combine(settings.Out, ForegroundModel.PlainName)}' runs it"));
        JsonObject result = new()
        {
            ["model"] = saved,
            ["trainable_parameters"] = trained.Network.ParameterCount,
            ["labelled_images"] = source.Count,
            ["images"] = targets.Count,
            ["steps"] = log.Count,
            ["loss"] = ResultFile.Number(log.Loss),
            ["consensus"] = ResultFile.Number(log.Consensus),
            ["seconds"] = ResultFile.Number(log.Seconds),
            ["kept_step"] = guard is { HasEnded: true } ? guard.KeptStep : log.Count,
            ["foreground_at_first"] = ResultFile.Number(guard?.FirstForeground),
            ["foreground_kept"] = ResultFile.Number(guard?.KeptForeground),
        };
        if (judged.Count > 0 && !run.Cancelled.IsCancellationRequested)
        {
            using ISegmentationNetwork predictor = learner.Predictor(asTeacher);
            Judge(predictor, judged, settings, options, request.Threads, result);
        }

        return (int)run.End(result, skipped);
    }

    private static void Check(ForegroundSettings settings, SelfTrainingOptions options)
    {
        string? wrong =
            settings is { Source: null, Images: null } && settings is { Model: null } or { Judge: null }
                ? "Give --source, labelled images to train on, or --images to adapt to, or both; or --model with --judge."
            : settings is { Source: null, Model: null }
                ? "There is nothing to begin with: give --model, a trained network, or --source, labelled images."
            : settings.Offline && settings is not { Source: null, Images: not null }
                ? "--offline labels --images with --model before training: leave out --source."
            : options.Align && settings is not { Model: not null, Images: not null, Offline: false }
                ? "--align goes by what --model finds on --images, in every step: give both, and leave out --offline."
            : null;
        if (wrong is not null)
        {
            throw new SelfAdaptException(ErrorKind.InvalidOption, wrong);
        }
    }

    private static string LostClass(CollapseGuard guard, int steps, bool hasSource) => string.Create(
        CultureInfo.InvariantCulture,
        $"The network was losing {(guard.Foreground < guard.FirstForeground ? "the foreground" : "the ground")}: foreground was "
        + $"{guard.FirstForeground:0.0%} of the pixels before it learnt and {guard.Foreground:0.0%} after {steps} steps. Kept is the network "
        + $"{(guard.KeptStep == 0 ? "as it was" : FormattableString.Invariant($"after {guard.KeptStep} steps ({guard.KeptForeground:0.0%})"))}. "
        + $"What may help: {(hasSource ? "" : "labelled images beside these (--source), ")}another --scheme or --filter, a lower --learning-rate. "
        + $"--least-share 0 lets it go on.");

    private static bool Standardised(ForegroundSettings settings) =>
        settings.Normalization == IntensityNormalization.ZeroMeanUnitVariance;

    private static ForegroundModel New(ForegroundSettings settings, int seed) => settings.Network == NewNetwork.UNet
        ? ForegroundModel.NewUNet(UNetWidths.Parse(settings.Widths), seed)
        : ForegroundModel.New(new(UNetWidths.Parse(settings.Widths), settings.Latent, settings.Combining), seed);

    private IReadOnlyList<LabelledImage> Labelled(string? folder, SkippedFiles skipped) =>
        folder is null ? [] : LabelledFolder.Load(folder, [], folder, skipped, _terminal);

    private IReadOnlyList<NamedImage> Targets(string? folder, IReadOnlyList<LabelledImage> judged, SkippedFiles skipped)
    {
        List<NamedImage> images = [];
        foreach (string file in folder is null ? [] : ImageFolder.ListFiles(folder, "", skipped))
        {
            skipped.Try(file, () => images.Add(ImageFolder.ReadOne(file)));
        }

        return folder is null ? []
            : images.Count == 0 ? throw skipped.FirstError ?? new SelfAdaptException(
                ErrorKind.UnreadableInput, folder, "holds no image.")
            : judged.Count == 0 ? images
            : JudgeImages.KeepApart(images, judged, _terminal);
    }

    private static IReadOnlyList<ForegroundPrediction> Predict(
        ForegroundModel network, Backend backend, SelfTrainingOptions options, IReadOnlyList<NamedImage> images,
        ForegroundSettings settings, int threads)
    {
        using NetworkWeights weights = new(network.Network, backend);
        using ISegmentationNetwork predictor = network.Predictor(weights, backend, options);
        return
        [
            .. images.Select(i => ForegroundPrediction.Of(
                predictor, i.Image, i.Name, settings.Normalization, options.Confidence, threads)),
        ];
    }

    private static void Keep(
        IReadOnlyList<ForegroundPrediction> predictions, IReadOnlyList<NamedImage> images, string folder)
    {
        string labels = Path.Combine(folder, "labels");
        OutputFolder.RequireWritable(labels);
        foreach ((ForegroundPrediction prediction, NamedImage image) in predictions.Zip(images))
        {
            (int height, int width) = (image.Image.Height, image.Image.Width);
            ImageFile.WriteTiff(
                Path.Combine(labels, image.Name + "_foreground.tif"), new Image(1, height, width, prediction.Probability));
            ImageFile.WriteTiff(
                Path.Combine(labels, image.Name + "_consensus.tif"), new Image(1, height, width, prediction.Consensus));
        }
    }

    private void Judge(
        ISegmentationNetwork predictor, IReadOnlyList<LabelledImage> judged, ForegroundSettings settings,
        SelfTrainingOptions options, int threads, JsonObject result)
    {
        List<ForegroundScores> all = [];
        foreach (LabelledImage image in judged)
        {
            ForegroundScores scores = new();
            scores.Add(
                ForegroundPrediction.Of(predictor, image.Image, image.Name, settings.Normalization, options.Confidence, threads)
                    .Probability,
                Array.ConvertAll(image.Masks.Labels, l => l > 0));
            all.Add(scores);
        }

        (double dice, double soft) = (all.Average(s => s.F1), all.Average(s => s.SoftDice));
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Dice {dice:0.000}, soft Dice {soft:0.000}: means over {judged.Count} images that are judged on"));
        result["judged_images"] = judged.Count;
        result["dice"] = ResultFile.Number(dice);
        result["soft_dice"] = ResultFile.Number(soft);
    }

    private sealed record ForegroundSettings : TrainingSettings
    {
        [Setting("Labelled images to learn from: NAME.* or NAME_img.* with NAME_masks.*; every label above 0 is foreground",
            Unit = "folder", Basic = true)]
        public string? Source { get; init; }

        [Setting("Images without labels to adapt to; without labelled ones the learning rate is 1E-05 unless it is given", Unit = "folder", Basic = true)]
        public string? Images { get; init; }

        [Setting("Network to start from: probabilistic.onnx of an earlier training, or any of one channel and one logit",
            Default = "random weights", Unit = "file", Basic = true)]
        public string? Model { get; init; }

        [Setting("Where networks, log and summary go", Unit = "folder")]
        public required string Out { get; init; }

        [Setting("Labelled images that the result is judged on; nothing is learnt from them", Unit = "folder", Basic = true)]
        public string? Judge { get; init; }

        [Setting("Label the images once, before training, and train a new network on that", Group = "method")]
        public bool Offline { get; init; }

        [Setting("What a new network is: a Probabilistic U-Net or a plain one (UNet)", Group = "training")]
        public NewNetwork Network { get; init; }

        [Setting("Channels of each level of a new network, finest first; the paper's: 64,128,256,512", Unit = "n,n,...",
            Group = "training")]
        public string Widths { get; init; } = "16,32,64";

        [Setting(1, 64, "Dimensions of the latent of a new Probabilistic U-Net", Group = "training")]
        public int Latent { get; init; } = 6;

        [Setting(2, 16, "1x1 convolutions of a new Probabilistic U-Net that combine latent and features", Group = "training")]
        public int Combining { get; init; } = 3;

        [Setting("How intensities of each image are normalised", Default = "as the model tells, else zscore", Group = "method")]
        public IntensityNormalization Normalization { get; init; } = IntensityNormalization.ZeroMeanUnitVariance;
    }
}
