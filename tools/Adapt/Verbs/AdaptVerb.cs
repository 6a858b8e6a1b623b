using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Adaptation;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Verbs;

/// <summary>adapt: the main job, a model adapted to unlabeled images.</summary>
internal sealed class AdaptVerb
{
    private readonly Option<string> _model = OptionFactory.Required<string>(
        "--model", "FILE", "ONNX file or Cellpose checkpoint to adapt", "--pretrained-model");

    private readonly Option<string> _images = OptionFactory.Required<string>(
        "--images", "PATH", "Folder of unlabeled images (PNG, TIFF, NPY)", "--dir");

    private readonly Option<string> _out = OptionFactory.Required<string>(
        "--out", "FOLDER", "Where the adapted model, log, masks and pictures go");

    private readonly Option<string?> _labels = OptionFactory.Optional<string>(
        "--labels", "FOLDER",
            "Masks of some images, for reporting AP along the run and for nothing else: NAME_masks.* "
        + "for NAME or NAME_img in --images or, where none is there, beside the masks");

    private readonly AdaptationArguments _method = new();
    private readonly SegmentationArguments _segmentation = new();
    private readonly Option<OutputDescription?> _outputs = OutputMeaning.CreateOption();

    private readonly Option<bool> _keepSnapshots = OptionFactory.Flag(
        "--keep-snapshots", "Keep the weights of every evaluation, for 'export --snapshot N'");

    private readonly Option<bool> _resume = OptionFactory.Flag(
        "--resume", "Go on with the run in --out, where it was interrupted; its other options are in its run.json");

    private readonly EngineArguments _engine = new();
    private readonly Option<bool> _force = OptionFactory.Flag("--force", "Write over an earlier run's files");
    private readonly Option<string?> _json = ResultFile.CreateOption();
    private readonly Option<string?> _config = RunConfig.CreateOption();
    private readonly Terminal _terminal;

    private AdaptVerb(Terminal terminal) => _terminal = terminal;

    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        AdaptVerb verb = new(terminal);
        Command command = new("adapt", "Adapt a model to unlabeled images")
        {
            verb._model, verb._images, verb._out, verb._labels, verb._config,
        };
        verb._method.AddTo(command);
        verb._segmentation.AddTo(command);
        command.Add(verb._outputs);
        verb._engine.AddTo(command);
        command.Add(verb._keepSnapshots);
        command.Add(verb._resume);
        command.Add(verb._force);
        command.Add(verb._json);
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string folder = parsed.GetRequiredValue(_out);
        string? json = parsed.GetValue(_json);
        AdaptationOptions options = _method.Get(parsed);
        ResultFile.Check(json);
        ModelFile model = ModelFile.Load(parsed.GetRequiredValue(_model));
        Network network = model.ImportForTraining(parsed.GetValue(_outputs));
        EngineRequest request = _engine.Get(parsed);
        SegmentationOptions segmentation =
            _segmentation.Get(parsed, model, network.Outputs, options.BatchSize, request.Threads);
        using AdaptationEngine engine = AdaptationEngine.Open(_terminal.Error, model, network, request, options);
        ImageFolder images = ImageFolder.Load(parsed.GetRequiredValue(_images));
        SegmentVerb.ReportSkipped(_terminal, images.Skipped);
        IReadOnlyList<LabelledImage> labelled = parsed.GetValue(_labels) is { } labels
            ? LabelledFolder.Load(labels, images.Images, labels)
            : [];
        bool resume = parsed.GetValue(_resume);
        OutputFolder.Prepare(folder, resume || parsed.GetValue(_force));
        using IDisposable hold = OutputFolder.Hold(folder);
        AdaptationJob job = new(
            model, network, images.Images, labelled, options, segmentation, folder,
                parsed.GetValue(_keepSnapshots), resume);
        (JsonObject result, ExitCode code) = AdaptationRun.Run(_terminal, job, engine, begun =>
        {
            if (!resume)
            {
                RunConfig.Write(RunFolder.Config(folder), parsed, Resolved(begun.Options, begun.Segmentation));
            }
        });
        result["skipped"] = SegmentVerb.ToJson(images.Skipped);
        ResultFile.Write(json, result);
        return (int)code;
    }

    /// <summary>Options that follow from the model, from others where they are not given, and from the memory there is.</summary>
    private static Dictionary<string, string> Resolved(AdaptationOptions options, SegmentationOptions segmentation)
    {
        return new Dictionary<string, string>
        {
            ["--batch-size"] = Text(options.BatchSize),
            ["--warmup"] = Text(options.Warmup),
            ["--eval-every"] = Text(options.EvalEvery),
            ["--diameter"] = Text(segmentation.Diameter),
            ["--diam-mean"] = Text(segmentation.DiamMean),
        };

        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
    }
}
