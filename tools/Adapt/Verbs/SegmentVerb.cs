using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tool.Verbs;

/// <summary>segment: masks for every image of a folder, under Cellpose's file names.</summary>
internal sealed class SegmentVerb
{
    private const long LargestRead = 256 << 20;

    private readonly SettingOptions<SegmentSettings> _options = new();
    private readonly SegmentationArguments _segmentation = new(withBatchSize: true);
    private readonly SettingOptions<FormatSettings> _formats = new();
    private readonly EngineArguments _engine = new();
    private readonly Terminal _terminal;

    private SegmentVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SegmentVerb verb = new(terminal);
        return VerbCommand.Of(
            "segment", "Find the objects in images", verb.Run,
            verb._options.AddTo, verb._segmentation.AddTo, verb._formats.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        SegmentSettings settings = _options.Get(parsed);
        Shard? shard = settings.Shard?.Resolve(Environment.GetEnvironmentVariable);
        if (settings.Gather && (shard is not null || settings.Force))
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, "--gather: it joins what is there, so it stands without --shard and --force.");
        }

        EngineRequest request = _engine.Get(parsed);
        SkippedFiles skipped = [];

        // What the list of files passes over is told by one part for all.
        SegmentFolder[] folders = Folders(settings, shard is { Number: > 1 } ? [] : skipped);
        IReadOnlySet<ResultKind> kinds = SegmentationFormats.Chosen(_formats.Get(parsed));
        ResultFile.Check(settings.Json);
        ModelFile model = ModelFile.Load(settings.Model);
        RunnableNetwork network = RunnableNetwork.Of(model, settings.Outputs);
        SegmentationOptions options =
            _segmentation.Get(parsed, model, network.Outputs, null, request.Threads);

        // Every part measures on all images, not on its own.
        options = Measured(
            options, _segmentation.ToFind(parsed), settings, model, network, request, folders);
        string deciding = Describe(model, network.Outputs, options, settings.StitchThreshold, kinds, settings.Level);
        Stopwatch watch = Stopwatch.StartNew();
        SegmentPlan plan = new(
            folders[^1].Out, kinds, options, settings.StitchThreshold, settings.MemoryLimit.Bytes, settings.Force,
            network.TakesWholeNumbers, settings.Level);
        IReadOnlyList<SegmentFolder> own = shard is null ? folders : shard.Of(folders);
        bool shared = folders.Sum(f => f.Files.Count) < (shard?.Count ?? 0);
        IReadOnlyList<SegmentedImage> results = settings.Gather
            ? SegmentGather.Join(folders, deciding, options, skipped)
            : Segment(
                shared ? folders : own, plan, folder => SegmentJournal.Open(folder, deciding, shard),
                () => InferenceEngine.Open(network, request, _terminal.Error), skipped, shard,
                shared ? [.. own.SelectMany(f => f.Files)] : null);
        if (results.Count == 0 && shard is null)
        {
            throw skipped.FirstError ?? ImageFolder.NothingUsable(settings.Images, settings.ImgFilter, skipped);
        }

        Report(model, results, skipped, watch.Elapsed.TotalSeconds, folders[^1].Out, settings.Json);
        return (int)skipped.Code;
    }

    private List<SegmentedImage> Segment(
        IReadOnlyList<SegmentFolder> folders, SegmentPlan plan, Func<string, SegmentJournal> openJournal, Func<InferenceEngine> openEngine,
        SkippedFiles skipped, Shard? shard, HashSet<string>? own)
    {
        bool isPart = shard is not null;
        List<SegmentedImage> results = [];
        int doneBefore = 0;
        bool isFirst = true;
        foreach ((string source, string folder, IReadOnlyList<string> files) in folders.Where(f => f.Files.Count > 0))
        {
            using SegmentJournal journal = openJournal(folder);
            string[] open = plan.Force ? [] : [.. files.Where(f => journal.Finished(f) is null).Select(ImageFile.NameOf)];
            foreach (string name in open.Where(name => !journal.HasBegun(name)))
            {
                SegmentBatch.RequireFree(folder, name, plan.Kinds);
            }

            OutputFolder.RequireWritable(folder);

            // Other parts have their own half-written files there, and a request to stop would reach whichever looks first.
            using StopRequest? stop = isPart ? null : StopRequest.Watch(_terminal, folder);
            if (!isPart)
            {
                OutputFile.RemoveLeftovers(folder, depth: 0);
            }

            using SegmentBatch batch = new(stop?.Terminal ?? _terminal, plan with { Folder = folder }, openEngine, journal, skipped)
            {
                JoinsSets = Directory.Exists(source),
                Shared = own is null ? null : shard,
                Own = own ?? [],
            };
            if (isFirst)
            {
                _terminal.Error.WriteLine(batch.EngineName);
                _terminal.Error.WriteLine(SegmentationArguments.DescribeScale(plan.Options));
                isFirst = false;
            }

            results.AddRange(batch.Run(files));
            doneBefore += batch.DoneBefore;
        }

        if (doneBefore > 0)
        {
            _terminal.Error.WriteLine(
                $"{doneBefore} of {folders.Sum(f => f.Files.Count)} files were finished already; --force does them again");
        }

        return results;
    }

    /// <summary>
    /// The options with size and inversion of earlier results here, or of the run that made the model, or of the images.
    /// </summary>
    private SegmentationOptions Measured(
        SegmentationOptions options, FoundOnImages find, SegmentSettings settings, ModelFile model, RunnableNetwork network,
        EngineRequest request, SegmentFolder[] folders)
    {
        find = find with { Size = find.Size && options.Diameter > 0 };
        (double? diameter, bool? invert) = settings.Force ? default : SegmentJournal.Earlier(folders[^1].Out);
        if (find.Size && (diameter ?? model.AdaptedAt) is { } known)
        {
            (options, find) = (options with { Diameter = known }, find with { Size = false });
        }

        if (find.Invert && (invert ?? model.AdaptedInverted) is { } inverted)
        {
            (options, find) = (options with { Invert = inverted }, find with { Invert = false });
        }

        if (!find.Any)
        {
            return options;
        }

        using InferenceEngine engine = InferenceEngine.Open(network, request, _terminal.Error);
        string[] files = [.. folders.SelectMany(f => f.Files)];

        // An image larger than memory need not be read for what smaller ones tell.
        return find.Find(
            engine.Network, SomeImages(find.Size ? files : [.. files.Where(f => new FileInfo(NumberGrids.FileOf(f)).Length <= LargestRead)], settings.Level), options,
            _terminal);
    }

    /// <summary>The folders of images, each with that of its results: subfolders first, as Cellpose takes them.</summary>
    private static SegmentFolder[] Folders(SegmentSettings settings, SkippedFiles skipped)
    {
        string images = settings.Images;
        string target = settings.Out
            ?? (Directory.Exists(images) && !NumberGrids.IsOne(images) ? images : Path.GetDirectoryName(Path.GetFullPath(images))!);
        string[] below = settings.LookOneLevelDown && Directory.Exists(images) && !NumberGrids.IsOne(images)
            ? [.. Directory.GetDirectories(images).Order(NaturalOrder.Instance)]
            : [];
        return
        [
            .. below.Select(folder => new SegmentFolder(folder, Path.Combine(target, Path.GetFileName(folder)), Files(folder)))
                .Where(f => f.Files.Count > 0),
            new(images, target, Files(images)),
        ];

        IReadOnlyList<string> Files(string folder) => ImageFolder.ListFiles(folder, settings.ImgFilter, skipped);
    }

    /// <summary>Images from files that lie evenly among all; what can't be read is told when its turn comes.</summary>
    private static NamedImage[] SomeImages(IReadOnlyList<string> files, int level)
    {
        List<SkippedFile> unused = [];
        return [.. SizeFinder.Some(files).SelectMany(f => ImageFolder.ReadFile(f, new HashSet<string>(), unused, level: level).Take(1))];
    }

    private void Report(
        ModelFile model, IReadOnlyList<SegmentedImage> results, SkippedFiles skipped, double seconds,
        string folder, string? json)
    {
        skipped.Report(_terminal);
        int cells = results.Sum(r => r.Cells);
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{results.Count} image{(results.Count == 1 ? "" : "s")}, {cells} cells, {seconds:0.0} s; masks "
                + $"are in {folder}"));
        ResultFile.Write(json, new JsonObject
        {
            ["model"] = model.Path,
            ["images"] = results.Count,
            ["cells"] = cells,
            ["skipped"] = skipped.ToJson(),
            ["seconds"] = ResultFile.Number(seconds),
            ["per_image"] = new JsonArray([.. results.Select(r => (JsonNode)r.ToJson())]),
        });
    }

    /// <summary>All that decides what the results are; threads and batches don't.</summary>
    private static string Describe(
        ModelFile model, OutputDescription outputs, SegmentationOptions options, double stitchThreshold,
        IReadOnlySet<ResultKind> kinds, int level) =>
        string.Join('\n', [
            typeof(SelfAdaptException).Assembly.GetName().Version!.ToString(),
            model.Sha256,
            string.Join(' ', outputs.Parts), FormattableString.Invariant($"{outputs.FlowScale}"),
            $"{options with { Threads = 0, BatchSize = 1 }}", FormattableString.Invariant($"stitched {stitchThreshold}"),
            string.Join(' ', kinds.Order()), .. level == 0 ? (string[])[] : [FormattableString.Invariant($"level {level}")],
        ]);

    private sealed record SegmentSettings : NetworkSettings
    {
        [Setting("ONNX file or Cellpose checkpoint", Unit = "file")]
        public required string Model { get; init; }

        [Setting("Folder of images (TIFF, PNG, JPEG, NPY, ...), or one image", Unit = "path")]
        public required string Images { get; init; }

        [Setting("Where masks go", Default = "beside the images", Unit = "folder", Basic = true)]
        public string? Out { get; init; }

        [Setting("Only images whose name ends so", Unit = "ending", Group = "files")]
        public string ImgFilter { get; init; } = "";

        [Setting(0, 64, LevelHelp, Group = "files")]
        public int Level { get; init; }

        [Setting("Also the folders in it", Group = "files")]
        public bool LookOneLevelDown { get; init; }

        [Setting(
            0, 1, "Join cells through the planes of a stack where they overlap at least so much (intersection over union); "
            + "0: planes are images of their own", Group = "masks")]
        public double StitchThreshold { get; init; }

        [Setting("Images that need more are worked on in parts (TIFF in strips or tiles)", Group = "engine")]
        public MemorySize MemoryLimit { get; init; } = new(4_000_000_000);

        [Setting("Only part I of N of the images, for a task of its own; slurm: by the number of the task in its array",
            Group = "tasks")]
        public Shard? Shard { get; init; }

        [Setting("Join what tasks have left: check that no result is missing, write tables of all images", Group = "tasks")]
        public bool Gather { get; init; }

        [Setting("Write over masks that are there, and do finished images again", Basic = true)]
        public bool Force { get; init; }
    }
}
