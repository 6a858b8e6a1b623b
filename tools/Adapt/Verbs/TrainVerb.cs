using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Verbs;

/// <summary>train: Cellpose's supervised training, from scratch or from a model.</summary>
internal sealed class TrainVerb
{
    private const string DiamLabels = "diam_labels";

    private static readonly TrainerOptions TrainerDefault = new();
    private static readonly TrainingOptions SetDefault = new();

    private readonly Option<string> _images = OptionFactory.Required<string>(
        "--images", "FOLDER", "Images; their masks are NAME_masks.* for NAME.* or NAME_img.*", "--dir");

    private readonly Option<string?> _labels = OptionFactory.Optional<string>(
        "--labels", "FOLDER", "Where the masks are [default: beside the images]");

    private readonly Option<string?> _list = OptionFactory.Optional<string>(
        "--list", "FILE", "Names to train on, one a line [default: all]");

    private readonly Option<string?> _testList = OptionFactory.Optional<string>(
        "--test-list", "FILE", "Names to test on, one a line");

    private readonly Option<string> _out = OptionFactory.Required<string>(
        "--out", "FOLDER", "Where the model, log and summary go");

    private readonly Option<string?> _model = OptionFactory.Optional<string>(
        "--model", "FILE", "Model to start from [default: random weights]", "--pretrained-model");

    private readonly Option<string> _widths = OptionFactory.Default(
        "--widths", "N,N,...", "2,32,64,128,256", "Channels of a new network: image, then each level");

    private readonly Option<double?> _diamMean = OptionFactory.Optional<double?>(
        "--diam-mean", "PX", "Diameter that objects are brought to [default: the model's, else 30]");

    private readonly Option<ChannelPair?> _channels = OptionFactory.Channels();

    private readonly Option<int> _epochs = OptionFactory.Default(
        "--epochs", "N", TrainerDefault.Epochs, "Passes over the images", "--n-epochs");

    private readonly Option<double> _learningRate = OptionFactory.Default(
        "--learning-rate", "X", TrainerDefault.LearningRate, "Peak learning rate of AdamW");

    private readonly Option<double> _weightDecay = OptionFactory.Default(
        "--weight-decay", "X", TrainerDefault.WeightDecay, "AdamW's weight decay");

    private readonly Option<int> _batchSize = OptionFactory.Default(
        "--batch-size", "N", SetDefault.BatchSize, "Crops per step");

    private readonly Option<int> _perEpoch = OptionFactory.Default(
        "--images-per-epoch", "N", SetDefault.ImagesPerEpoch, "Images drawn per epoch; 0: each once",
        "--nimg-per-epoch");

    private readonly Option<int> _crop =
        OptionFactory.Default("--crop", "PX", SetDefault.CropSize, "Side of a crop");

    private readonly Option<int> _minMasks = OptionFactory.Default(
        "--min-train-masks", "N", SetDefault.MinTrainMasks, "Images with fewer cells are left out");

    private readonly Option<int> _testEvery = OptionFactory.Default(
        "--test-every", "N", TrainerDefault.TestEvery, "Epochs between looks at the test images");

    private readonly Option<ulong> _seed =
        OptionFactory.Default("--seed", "N", 0UL, "Seed of a new network's weights");
    private readonly EngineArguments _engine = new();
    private readonly Option<bool> _force =
        OptionFactory.Flag("--force", "Write over an earlier training's files");
    private readonly Option<string?> _json = ResultFile.CreateOption();
    private readonly Terminal _terminal;

    private TrainVerb(Terminal terminal) => _terminal = terminal;

    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        TrainVerb verb = new(terminal);
        Command command = new("train", "Train a network on images with masks")
        {
            verb._images, verb._labels, verb._list, verb._testList, verb._out, verb._model, verb._widths,
            verb._diamMean, verb._channels, verb._epochs, verb._learningRate, verb._weightDecay,
                verb._batchSize,
            verb._perEpoch, verb._crop, verb._minMasks, verb._testEvery, verb._seed,
        };
        verb._engine.AddTo(command);
        command.Add(verb._force);
        command.Add(verb._json);
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetRequiredValue(_out);
        string? json = parsed.GetValue(_json);
        ResultFile.Check(json);
        ModelFile model = StartModel(parsed);
        Network network = model.ImportForTraining(null);
        TrainingOptions setOptions = new()
        {
            Channels = parsed.GetValue(_channels) ?? default,
            DiamMean = parsed.GetValue(_diamMean) ?? model.DiamMean ?? SetDefault.DiamMean,
            MinTrainMasks = parsed.GetValue(_minMasks),
            BatchSize = parsed.GetValue(_batchSize),
            ImagesPerEpoch = parsed.GetValue(_perEpoch),
            CropSize = parsed.GetValue(_crop),
        };
        setOptions.Validate();
        EngineRequest request = _engine.Get(parsed);
        using Backend backend = InferenceEngine.OpenBackend(request, _terminal.Error);
        using Trainer trainer = new(network, backend, new TrainerOptions
        {
            Epochs = parsed.GetValue(_epochs),
            LearningRate = parsed.GetValue(_learningRate),
            WeightDecay = parsed.GetValue(_weightDecay),
            TestEvery = parsed.GetValue(_testEvery),
        });
        IReadOnlyList<LabelledImage> test =
            parsed.GetValue(_testList) is { } testList ? Load(parsed, testList) : [];
        TrainingSet train =
            TrainingSet.Create(Load(parsed, parsed.GetValue(_list)), setOptions, network.InputChannels);
        TrainingSet? testSet =
            test.Count == 0 ? null : TrainingSet.Create(test, setOptions, network.InputChannels);
        OutputFolder.Prepare(folder, parsed.GetValue(_force));
        Introduce(backend, network, train, testSet);

        List<TrainingEpoch> epochs = [];
        using (LineFile log = LineFile.Create(Path.Combine(folder, "train.jsonl")))
        {
            trainer.Train(
                train, testSet, epoch =>
                Report(log, epochs, epoch, parsed.GetValue(_epochs)), _terminal.Cancelled);
        }

        _terminal.Progress.Finish();
        ModelFile trained = Save(model, network, trainer, train, folder);
        JsonObject result =
            Summarise(trained, network, epochs, train, Score(backend, network, trainer, train, test, request.Threads));
        ResultFile.Write(RunFolder.Summary(folder), result);
        ResultFile.Write(json, result);
        return (int)(_terminal.Cancelled.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Ok);
    }

    private ModelFile StartModel(ParseResult parsed)
    {
        if (parsed.GetValue(_model) is { } path)
        {
            return ModelFile.Load(path);
        }

        string text = parsed.GetRequiredValue(_widths);
        int[] widths = [.. text.Split(',')
            .Select(w =>
                int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        if (widths.Length is < 2 or > 6 || widths.Any(w => w is < 1 or > 4096))
        {
            throw new SelfAdaptException(
                ExitCode.Usage,
                $"--widths is '{text}', but must be two to six numbers from 1 to 4096, such as "
                    + $"2,32,64,128,256.");
        }

        RandomStream random = new RandomStream(parsed.GetValue(_seed)).Substream("initial weights");
        float diameter = (float)(parsed.GetValue(_diamMean) ?? SetDefault.DiamMean);
        return ModelFile.Of(
            CellposeGraphBuilder.RandomState(widths, random.NextUniform, diameter), "a new network");
    }

    private IReadOnlyList<LabelledImage> Load(ParseResult parsed, string? list)
    {
        string images = parsed.GetRequiredValue(_images);
        return LabelledFolder.Load(
            parsed.GetValue(_labels) ?? images, [], images, list is null ? null : ReadNames(list));
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
                ExitCode.NoUsableInput, $"{path}: the list can't be read: {e.Message}", e);
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

    private void Report(LineFile log, List<TrainingEpoch> epochs, TrainingEpoch epoch, int count)
    {
        epochs.Add(epoch);
        log.Write(new JsonObject
        {
            ["epoch"] = epoch.Epoch,
            ["learning_rate"] = ResultFile.Number(epoch.LearningRate),
            ["loss"] = ResultFile.Number(epoch.Loss),
            ["test_loss"] = ResultFile.Number(epoch.TestLoss),
            ["seconds"] = ResultFile.Number(Math.Round(epoch.Seconds, 3)),
        }.ToJsonString());
        double left = epoch.Seconds / epochs.Count * (count - epochs.Count);
        string test =
            epoch.TestLoss is { } loss ? FormattableString.Invariant($"  test loss {loss:0.0000}") : "";
        _terminal.Progress.Step(FormattableString.Invariant(
            $"epoch {epoch.Epoch + 1}/{count}  loss {epoch.Loss:0.0000}{test}  left {left / 60:0} min"));
    }

    private static ModelFile Save(
        ModelFile model, Network network, Trainer trainer, TrainingSet train, string folder)
    {
        Dictionary<string, float[]> weights = new(trainer.Weights.Download().ByName(network));
        string onnxPath = Path.Combine(folder, "model.onnx");
        if (model.Checkpoint is null)
        {
            byte[] onnx = model.WriteOnnx(weights);
            OutputFile.WriteDurably(onnxPath, onnx);
            return ModelFile.Of(onnx, onnxPath);
        }

        if (model.Checkpoint.Find(DiamLabels) is not null)
        {
            weights[DiamLabels] = [(float)train.MeanDiameter];
        }

        TorchCheckpoint checkpoint = model.Checkpoint.WithWeights(weights);
        OutputFile.WriteDurably(Path.Combine(folder, "model"), checkpoint.ToArray("model"));
        ModelFile trained = ModelFile.Of(checkpoint, onnxPath);
        OutputFile.WriteDurably(onnxPath, trained.Onnx.Bytes);
        return trained;
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
}
