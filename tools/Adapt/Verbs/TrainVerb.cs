using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.StarDist;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;

namespace SelfAdapt.Tool.Verbs;

/// <summary>Which network is trained from random weights.</summary>
internal enum TrainedNetwork
{
    Cellpose,
    Stardist,
}

/// <summary>train: Cellpose's supervised training, from scratch or from a model.</summary>
internal sealed class TrainVerb
{
    private const string DiamLabels = "diam_labels";
    private readonly SettingOptions<TrainSettings> _options = new();
    private readonly SettingOptions<TrainingSetOptions> _set = new();
    private readonly ChannelNumbers _channels = new();
    private readonly SettingOptions<TrainerOptions> _trainer = new();
    private readonly EngineArguments _engine = new();
    private readonly Terminal _terminal;

    private TrainVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        TrainVerb verb = new(terminal);
        return VerbCommand.Of(
            "train", "Train a network on images with masks", verb.Run,
            verb._options.AddTo, verb._set.AddTo,
            command => verb._channels.AddTo(command, verb._set[nameof(TrainingSetOptions.Channels)]),
            verb._trainer.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        TrainSettings settings = _options.Get(parsed);
        string folder = settings.Out ?? Path.Combine(settings.Images, "models");
        ResultFile.Check(settings.Json);
        TrainingSetOptions set = _set.Get(parsed);
        set = set with { Channels = _channels.Get(parsed, set.Channels) };
        ModelFile model = StartModel(settings, set.DiamMean);
        Network network = model.ImportForTraining(null);
        set = set with
        {
            DiamMean = _set.GivenOr(parsed, set.DiamMean, model.DiamMean),
            Normalization = _set.GivenOr(parsed, set.Normalization, model.Normalization),
        };
        _set.Check(set.Validate);
        EngineRequest request = _engine.Get(parsed);
        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        TrainerOptions schedule = _trainer.Get(parsed);
        using Trainer trainer = new(network, backend, schedule);
        SkippedFiles skipped = [];
        IReadOnlyList<LabelledImage> Load(string images, string labels, string? list) => skipped.Keep(
            LabelledFolder.Load(
                labels, [], images, skipped, _terminal, list is null ? null : ReadNames(list), settings.MaskFilter),
            pair => pair.Name,
            pair => ImagePreparation.RequireChannels(pair.Image, set.Channels, network.InputChannels, pair.Name));
        string labels = settings.Labels ?? settings.Images;
        IReadOnlyList<LabelledImage> test = settings.TestDir is { } testDir ? Load(testDir, testDir, settings.TestList)
            : settings.TestList is { } testList ? Load(settings.Images, labels, testList)
            : [];
        set = set with { Gamma = network.Gamma };
        MaskTargets targets = MaskTargets.Of(network.Outputs);
        IReadOnlyList<LabelledImage> labelled = Load(settings.Images, labels, settings.List);
        TrainingSet train = TrainingSet.Create(labelled, set, network.InputChannels, targets);
        skipped.Report(_terminal);
        TrainingSet? testSet = test.Count == 0 ? null : TrainingSet.Create(test, set, network.InputChannels, targets);
        using TrainingRun run = TrainingRun.Begin(
            _terminal, parsed, settings, folder, model, Path.GetFileName(RunFolder.TrainedOnnx(folder)),
            [schedule, set, labelled.Select(l => l.Name), test.Select(t => t.Name)],
            new Dictionary<string, string>
            {
                ["--diam-mean"] = WordForm.Write(set.DiamMean)!,
                ["--normalize"] = WordForm.Write(set.Normalization)!,
            });
        Introduce(backend, network, train, testSet);

        List<TrainingEpoch> epochs = run.Logged<TrainingEpoch>();
        trainer.Train(
            train, testSet,
            epoch =>
            {
                Report(run, epochs, epoch, schedule.Epochs);
                run.Snapshot(epoch.Epoch + 1, () => Now().Onnx.With(set.Normalization));
            },
            run.Cancelled, run.Checkpoint);
        _terminal.Progress.Finish();
        ModelFile trained = Save(Now(), set.Normalization, folder);
        JsonObject result =
            Summarise(trained, network, epochs, train, Score(backend, network, trainer, train, test, request.Threads));
        return (int)run.End(result, skipped);

        ModelFile Now() => Trained(model, network, trainer, train, folder);
    }

    private static ModelFile StartModel(TrainSettings settings, double diameter)
    {
        if (settings.Model is { } path)
        {
            return ModelFile.Load(path);
        }

        bool rays = settings.Network == TrainedNetwork.Stardist;
        string text = settings.Widths ?? (rays ? "1,32,64,128,256" : "2,32,64,128,256");
        int[] widths = [.. text.Split(',')
            .Select(w =>
                int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        if (settings.Grid is not (1 or 2 or 4))
        {
            throw new SelfAdaptException(ErrorKind.InvalidOption, $"--grid is {settings.Grid}, but must be 1, 2 or 4.");
        }

        if (widths.Length is < 2 or > 6 || widths.Any(w => w is < 1 or > 4096))
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                $"--widths is '{text}', but must be two to six numbers from 1 to 4096, such as "
                    + $"2,32,64,128,256.");
        }

        RandomStream random = new RandomStream(settings.Seed).Substream("initial weights");
        if (rays)
        {
            StarDistShape shape = new(widths[0], widths[1..], settings.Rays, settings.Grid, (float)(diameter / 2));
            return ModelFile.Of(
                StarDistGraph.Build(shape, random.NextUniform, new Dictionary<string, string>
                {
                    [ModelFile.DiamMeanKey] = diameter.ToString(CultureInfo.InvariantCulture),
                }),
                "a new network");
        }

        return ModelFile.Of(
            CellposeGraphBuilder.RandomState(widths, random.NextUniform, (float)diameter), "a new network");
    }

    private static HashSet<string> ReadNames(string path)
    {
        try
        {
            return [.. File.ReadLines(path).Select(l => l.Trim()).Where(l => l.Length > 0)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, path, $"the list can't be read: {e.Message}", e);
        }
    }

    private void Introduce(Backend backend, Network network, TrainingSet train, TrainingSet? test)
    {
        _terminal.Error.WriteLine($"built-in engine on {backend.Name}");
        _terminal.Error.WriteLine(FormattableString.Invariant(
            $"{network.ParameterCount:N0} trainable values; {train.Samples.Count} images to train on ")
            + FormattableString.Invariant(
                $"(mean diameter {train.MeanDiameter:0.0} px), {test?.Samples.Count ?? 0} to test on"));
        if (train.LeftOut.Count > 0)
        {
            _terminal.Error.WriteLine(
                $"{train.LeftOut.Count} images left out: fewer than {train.Options.MinTrainMasks} cells");
        }
    }

    private void Report(TrainingRun run, List<TrainingEpoch> epochs, TrainingEpoch epoch, int count)
    {
        epochs.Add(epoch);
        run.Log(epoch);
        double left = epoch.Seconds / epochs.Count * (count - epochs.Count);
        string test =
            epoch.TestLoss is { } loss ? FormattableString.Invariant($"  test loss {loss:0.0000}") : "";
        _terminal.Progress.Step(FormattableString.Invariant(
            $"epoch {epoch.Epoch + 1}/{count}  loss {epoch.Loss:0.0000}{test}  left {left / 60:0} min"));
    }

    private static ModelFile Save(ModelFile trained, IntensityNormalization normalization, string folder)
    {
        if (trained.Checkpoint is { } checkpoint)
        {
            string path = RunFolder.TrainedCheckpoint(folder);
            OutputFile.WriteDurably(path, checkpoint.ToArray(Path.GetFileName(path)));
        }

        trained.Onnx.With(normalization).Save(trained.Path);
        return trained;
    }

    /// <summary>The model with what was learnt so far, not yet written.</summary>
    private static ModelFile Trained(ModelFile model, Network network, Trainer trainer, TrainingSet train, string folder)
    {
        Dictionary<string, float[]> weights = new(trainer.Weights.Download().ByName(network));
        string path = RunFolder.TrainedOnnx(folder);
        if (model.Checkpoint is null)
        {
            return ModelFile.Of(model.Onnx.WithWeights(weights), path);
        }

        if (model.Checkpoint.Find(DiamLabels) is not null)
        {
            weights[DiamLabels] = [(float)train.MeanDiameter];
        }

        return ModelFile.Of(model.Checkpoint.WithWeights(weights), path);
    }

    /// <summary>AP on the test images, at the scale that training brought them to.</summary>
    private static double[]? Score(
        Backend backend, Network network, Trainer trainer, TrainingSet train,
            IReadOnlyList<LabelledImage> test, int threads)
    {
        if (test.Count == 0)
        {
            return null;
        }

        using EngineNetwork engine = new(trainer.Weights, backend);
        Segmenter segmenter = new(engine, new SegmentationOptions
        {
            Channels = train.Options.Channels,
            Diameter = train.MeanDiameter,
            DiamMean = train.Options.DiamMean,
            Threads = threads,
        });
        double[][] scores = [.. test.Select(t => SegmentationMetrics.AveragePrecision(
            t.Masks, segmenter.Segment(t.Image, t.Name).Masks, [0.5, 0.75, 0.9]))];
        return [.. Enumerable.Range(0, 3).Select(i => scores.Average(s => s[i]))];
    }

    private JsonObject Summarise(
        ModelFile trained, Network network, List<TrainingEpoch> epochs, TrainingSet train,
            double[]? precision)
    {
        TrainingEpoch? last = epochs.LastOrDefault();
        _terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{epochs.Count} epochs in {last?.Seconds ?? 0:0} s, loss {last?.Loss:0.0000}; model: "
                + $"{trained.Path}"));
        if (precision is not null)
        {
            _terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"test images: AP50 {precision[0]:0.000}, AP75 {precision[1]:0.000}, AP90 "
                    + $"{precision[2]:0.000}"));
        }

        return new JsonObject
        {
            ["model"] = trained.Path,
            ["trainable_parameters"] = network.ParameterCount,
            ["images"] = train.Samples.Count,
            ["mean_diameter"] = ResultFile.Number(train.MeanDiameter),
            ["diam_mean"] = ResultFile.Number(train.Options.DiamMean),
            ["epochs"] = epochs.Count,
            ["loss"] = ResultFile.Number(last?.Loss),
            ["test_loss"] = ResultFile.Number(epochs.LastOrDefault(e => e.TestLoss is not null)?.TestLoss),
            ["ap50"] = ResultFile.Number(precision?[0]),
            ["ap75"] = ResultFile.Number(precision?[1]),
            ["ap90"] = ResultFile.Number(precision?[2]),
            ["seconds"] = ResultFile.Number(last?.Seconds),
        };
    }

    private sealed record TrainSettings : TrainingSettings
    {
        [Setting("Images; their masks are NAME_masks.* for NAME.* or NAME_img.*", Unit = "folder")]
        public required string Images { get; init; }

        [Setting("Where the masks are", Default = "beside the images", Unit = "folder", Basic = true)]
        public string? Labels { get; init; }

        [Setting("Names to train on, one a line", Default = "all", Unit = "file", Basic = true)]
        public string? List { get; init; }

        [Setting("Names to test on, one a line", Unit = "file", Basic = true)]
        public string? TestList { get; init; }

        [Setting("Images with masks to test on, in another folder", Unit = "folder", Group = "files")]
        public string? TestDir { get; init; }

        [Setting("What the names of masks end in, before their extension", Unit = "ending", Group = "files")]
        public string MaskFilter { get; init; } = MaskFolder.Ending;

        [Setting("Where the model, log and summary go", Default = "'models' beside the images", Unit = "folder",
            Basic = true)]
        public string? Out { get; init; }

        [Setting("Model to start from", Default = "random weights", Unit = "file", Basic = true)]
        public string? Model { get; init; }

        [Setting(
            "Channels of a new network: image, then each level", Unit = "n,n,...", Group = "training",
            Default = "2,32,64,128,256; StarDist 1,32,64,128,256")]
        public string? Widths { get; init; }

        [Setting("What a new network is like", Group = "training")]
        public TrainedNetwork Network { get; init; }

        [Setting(4, 256, "Distances of a pixel in a new StarDist network", Step = 4, Group = "training")]
        public int Rays { get; init; } = 32;

        [Setting("Pixels each way that share a value in a new StarDist network: 1, 2 or 4", Group = "training")]
        public int Grid { get; init; } = 2;

        [Setting("Seed of a new network's weights", Group = "training")]
        public ulong Seed { get; init; }
    }
}
