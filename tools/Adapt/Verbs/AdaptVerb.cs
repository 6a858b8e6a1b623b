using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Runs;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Verbs;

/// <summary>adapt: the main job, a model adapted to unlabeled images.</summary>
internal sealed class AdaptVerb
{
    private readonly SettingOptions<AdaptSettings> _options = new();
    private readonly AdaptationArguments _method = new();
    private readonly SegmentationArguments _segmentation = new(withBatchSize: false);
    private readonly EngineArguments _engine = new();

    public static Command Create(Terminal terminal)
    {
        AdaptVerb verb = new();
        return VerbCommand.Of(
            "adapt", "Adapt a model to unlabeled images", parsed => RankedRun.Run(terminal, (own, ranks) => verb.Run(parsed, own, ranks)),
            verb._options.AddTo, verb._method.AddTo, verb._segmentation.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed, Terminal terminal, IRanks ranks)
    {
        AdaptSettings settings = _options.Get(parsed);
        string folder = settings.Out;
        AdaptationOptions options = _method.Get(parsed);
        if (settings.Judge is not null && settings.Labels is null)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, "--judge takes images that --labels has masks of, but --labels is not given.");
        }

        ResultFile.Check(settings.Json);
        ModelFile model = ModelFile.Load(settings.Model);
        Network network = model.ImportForTraining(settings.Outputs);
        EngineRequest request = RankedRun.Placed(_engine.Get(parsed), ranks);
        SegmentationOptions asked =
            _segmentation.Get(parsed, model, network.Outputs, options.BatchSize, request.Threads);
        asked = _segmentation.HasGamma(parsed) ? asked : asked with { Gamma = null };
        using JobEngines engine = JobEngines.Open(terminal.Error, model, network, request, options, ranks);
        SkippedFiles skipped = [];
        bool first = ranks.Index == 0;
        NamedImage[] read = Load(settings, skipped, terminal);
        // The run finds the power itself, and says what it brought.
        FoundOnImages find = _segmentation.ToFind(parsed) with { Gamma = false };
        bool grouped = settings.Groups == GroupChoice.Auto && ImageKinds.Of([.. read.Select(i => i.Image)]).Count > 1;
        SegmentationOptions segmentation = grouped ? asked : Measured(read, terminal);
        IReadOnlyList<NamedImage> images = skipped.Keep(read, image => image.Path, image => Fit(image.Image, image.Path));
        IReadOnlyList<LabelledImage> labelled = settings.Labels is { } labels
            ? skipped.Keep(
                LabelledFolder.Load(
                    labels, settings.Judge is null ? images : [], settings.Judge ?? labels, skipped, terminal),
                pair => pair.Name, pair => Fit(pair.Image, pair.Name))
            : [];
        images = settings.Judge is null ? images : JudgeImages.KeepApart(images, labelled, terminal);
        skipped.Report(terminal);
        model.Onnx.RequireApart(RunFolder.Adapted(folder));
        if (first)
        {
            OutputFolder.Prepare(
                folder, settings.Resume || settings.Force,
                RunFolder.HoldsInterruptedRun(folder) ? RunFolder.ResumeCommand(folder) : null);
        }

        using IDisposable? hold = first ? OutputFolder.Hold(folder) : null;
        using StopRequest? stop = first ? StopRequest.Watch(terminal, folder) : null;
        terminal = stop?.Terminal ?? terminal;
        AdaptationJob job = new(
            model, network, images, labelled, options, segmentation, folder,
                settings.KeepSnapshots, settings.Resume)
        {
            Kinds = ImageKinds.Of([.. images.Select(i => i.Image)]),
        };
        if (grouped)
        {
            WriteConfig(job);
        }

        (JsonObject result, ExitCode code) = grouped
            // A group whose turn comes when the user ends it all begins, so that --resume finds it.
            ? GroupRuns.Run(terminal, job, engine, some => Measured(some, terminal.With(CancellationToken.None)))
            : JobOutput.Run(terminal, job, engine, WriteConfig);
        result["skipped"] = skipped.ToJson();
        if (first)
        {
            ResultFile.Write(settings.Json, result);
        }

        return (int)(code == ExitCode.Ok ? skipped.Code : code);

        void Fit(Image image, string name) =>
            ImagePreparation.RequireFits(image, segmentation, network.InputChannels, name);

        SegmentationOptions Measured(IReadOnlyList<NamedImage> some, Terminal teller)
        {
            SegmentationOptions found = find.Any ? find.Find(network, engine.Backend, some, asked, teller) : asked;
            (double diameter, bool invert) = ranks.OfFirst((found.Diameter, found.Invert));
            return found with { Diameter = diameter, Invert = invert };
        }

        void WriteConfig(AdaptationJob begun)
        {
            if (!settings.Resume && first)
            {
                Dictionary<string, string> resolved = Resolved(begun.Options, begun.Segmentation);
                foreach (string own in grouped ? find.Flags : [])
                {
                    // Each group has its own.
                    resolved.Remove(own);
                }

                RunConfig.Write(RunFolder.Config(folder), parsed, resolved);
            }
        }
    }

    private static NamedImage[] Load(AdaptSettings settings, SkippedFiles skipped, Terminal terminal)
    {
        NamedImage[] images = [.. ImageFolder.Read(settings.Images, "", skipped, settings.Level)];
        foreach (NamedImage image in images.Where(i => i.Note is not null))
        {
            terminal.Error.WriteLine($"{image.Name}: {image.Note}");
        }

        return images;
    }

    /// <summary>Options that follow from the model, from others where they are not given, and from the memory there is.</summary>
    private static Dictionary<string, string> Resolved(AdaptationOptions options, SegmentationOptions segmentation)
    {
        return new Dictionary<string, string>
        {
            ["--batch-size"] = Text(options.BatchSize),
            ["--warmup"] = Text(options.Warmup),
            ["--minutes"] = Text(options.Minutes),
            ["--diameter"] = Text(segmentation.Diameter),
            ["--diam-mean"] = Text(segmentation.DiamMean),
            ["--invert"] = segmentation.Invert ? "true" : "false",
            ["--no-invert"] = segmentation.Invert ? "false" : "true",
        };

        static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
    }

    private sealed record AdaptSettings : NetworkSettings
    {
        [Setting("ONNX file or Cellpose checkpoint to adapt", Unit = "file")]
        public required string Model { get; init; }

        [Setting("Folder of unlabeled images (TIFF, PNG, JPEG, NPY, ...)", Unit = "path")]
        public required string Images { get; init; }

        [Setting("Where the adapted model, log, masks and pictures go", Unit = "folder")]
        public required string Out { get; init; }

        [Setting("Masks of some images, for reporting AP along the run and for nothing else: NAME_masks.* for NAME or "
            + "NAME_img in --images or, where none is there, beside the masks; with --judge, in that folder", Unit = "folder",
            Basic = true)]
        public string? Labels { get; init; }

        [Setting("Images that --labels belong to and that are never adapted to: what AP says holds for new images", Unit = "path")]
        public string? Judge { get; init; }

        [Setting("What to do where the images are of several kinds (dark, gray or bright background, colour): one model for "
            + "all, or, with auto, one for each in folders group-1, group-2, ...")]
        public GroupChoice Groups { get; init; }

        [Setting(0, 64, LevelHelp, Group = "files")]
        public int Level { get; init; }

        [Setting("Options from a run.json, as a run writes it; options given beside it come first", Unit = "file",
            Group = "files")]
        public string? Config { get; init; }

        [Setting("Keep the weights of every evaluation, for 'export --snapshot N'", Group = "files")]
        public bool KeepSnapshots { get; init; }

        [Setting("Go on with the run in --out, where it was interrupted; its other options are in its run.json",
            Basic = true)]
        public bool Resume { get; init; }

        [Setting("Write over an earlier run's files", Basic = true)]
        public bool Force { get; init; }
    }
}
