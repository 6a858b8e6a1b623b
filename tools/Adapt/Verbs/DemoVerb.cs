using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Verbs;

/// <summary>
/// demo: the default model adapted to simulated micrographs that it fails on, with the truth known.
/// </summary>
internal sealed class DemoVerb
{
    private const int UnlabeledImages = 16;
    private const int LabelledImages = 4;
    private const string SourceName = "source.onnx";

    private readonly SettingOptions<DemoSettings> _options = new();
    private readonly SettingOptions<AdaptationOptions> _method =
        new(name => name is nameof(AdaptationOptions.Iterations) or nameof(AdaptationOptions.Seed));

    private readonly EngineArguments _engine = new();
    private readonly Terminal _terminal;

    private DemoVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        DemoVerb verb = new(terminal);
        return VerbCommand.Of(
            "demo", "Adapt the built-in model to simulated images and show what it did", verb.Run,
            verb._options.AddTo, verb._method.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        DemoSettings settings = _options.Get(parsed);
        string folder = settings.Out;
        if (settings.Strokes)
        {
            return StrokesDemo.Run(_terminal, folder, settings.Force, settings.Json, _method.Get(parsed).Seed, _engine.Get(parsed));
        }

        AdaptationOptions options = _method.Get(parsed);
        options = options with { Warmup = int.Min(options.Warmup, options.Iterations) };
        ResultFile.Check(settings.Json);
        byte[] source = DefaultModel.Read();
        EngineRequest request = _engine.Get(parsed);
        string sourcePath = Path.Combine(folder, SourceName);
        ModelFile model = ModelFile.Of(source, sourcePath);
        Network network = model.Import(null);
        using JobEngines engine = JobEngines.Open(_terminal.Error, model, network, request, options);
        OutputFolder.Prepare(folder, settings.Force);
        OutputFile.WriteDurably(sourcePath, source);
        (IReadOnlyList<NamedImage> images, IReadOnlyList<LabelledImage> labelled) = Simulate(folder, options.Seed);
        _terminal.Error.WriteLine(
            $"{images.Count} simulated micrographs, and {labelled.Count} more whose truth is used for "
                + $"reporting only");
        double trainedAt = model.DiamMean ?? CellposeModels.Diameter;
        SegmentationOptions segmentation = new FoundOnImages(Size: true, Gamma: false, Invert: false).Find(
            network, engine.Backend, images,
            new() { Diameter = trainedAt, DiamMean = trainedAt, Threads = request.Threads }, _terminal);
        AdaptationJob job = new(model, network, images, labelled, options, segmentation, folder, false);
        (JsonObject result, ExitCode code) = JobOutput.Run(_terminal, job, engine, static _ => { });
        ResultFile.Write(settings.Json, result);
        return (int)code;
    }

    /// <summary>
    /// Makes the images and leaves them, with their labels, where adapt and evaluate find them.
    /// </summary>
    private static (IReadOnlyList<NamedImage> Images, IReadOnlyList<LabelledImage> Labelled) Simulate(
        string folder, ulong seed)
    {
        string images = Path.Combine(folder, "images");
        string labels = Path.Combine(folder, "labelled");
        OutputFolder.RequireWritable(images);
        OutputFolder.RequireWritable(labels);
        List<NamedImage> unlabeled = [];
        List<LabelledImage> labelled = [];
        for (int i = 0; i < UnlabeledImages + LabelledImages; i++)
        {
            Micrograph micrograph = MicrographSimulator.Simulate(
                MicrographOptions.Shifted, (seed * (UnlabeledImages + LabelledImages)) + (ulong)i);
            string name = string.Create(CultureInfo.InvariantCulture, $"micrograph_{i + 1:D2}");
            if (i < UnlabeledImages)
            {
                string path = Path.Combine(images, name + ".tif");
                ImageFile.WriteTiff(path, micrograph.Image);
                unlabeled.Add(new NamedImage(name, path, micrograph.Image));
            }
            else
            {
                ImageFile.WriteTiff(Path.Combine(labels, name + "_img.tif"), micrograph.Image);
                LabelFile.WriteTiff(Path.Combine(labels, name + "_masks.tif"), micrograph.Labels);
                labelled.Add(new LabelledImage(micrograph.Image, micrograph.Labels, name));
            }
        }

        return (unlabeled, labelled);
    }

    private sealed record DemoSettings : ResultSettings
    {
        [Setting("Where images, adapted model, log, masks and pictures go", Unit = "folder", Basic = true)]
        public string Out { get; init; } = "demo-run";

        [Setting("Show the way by strokes instead: forest, enhancer, network", Basic = true)]
        public bool Strokes { get; init; }

        [Setting("Write over an earlier demo's files", Basic = true)]
        public bool Force { get; init; }
    }
}
