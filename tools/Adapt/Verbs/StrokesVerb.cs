using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Instances;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>strokes: a few brush strokes instead of a model: forest, maps, enhanced maps, masks.</summary>
internal sealed class StrokesVerb
{
    private const string ForestName = "strokes" + ForestFile.Ending;

    private readonly SettingOptions<StrokesSettings> _options = new();
    private readonly SettingOptions<ForestOptions> _forest = new();
    private readonly SettingOptions<InstanceOptions> _instances = new();
    private readonly EngineArguments _engine = new(withKind: false);
    private readonly Terminal _terminal;

    private StrokesVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        StrokesVerb verb = new(terminal);
        return VerbCommand.Of(
            "strokes", "Segment images by a few brush strokes, without a model", verb.Run,
            verb._options.AddTo, verb._forest.AddTo, verb._instances.AddTo, verb._engine.AddTo);
    }

    private int Run(ParseResult parsed)
    {
        StrokesSettings settings = _options.Get(parsed);
        ForestOptions growth = _forest.Get(parsed);
        InstanceOptions cut = _instances.Get(parsed);
        _forest.Check(() => Settings.Check(growth));
        _instances.Check(() => Settings.Check(cut));
        ResultFile.Check(settings.Json);
        if (settings.Strokes is null == settings.Forest is null)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, "Give --strokes to learn a forest, or --forest to use one that is there.");
        }

        EngineRequest request = _engine.Get(parsed);
        RandomForest? ready = settings.Forest is { } path ? ForestFile.Read(path) : null;
        FeatureSet set = ready?.Features ?? settings.Features.Set();
        using LoadedEnhancer? enhancer = LoadedEnhancer.Open(settings.Enhancer, set, request, _terminal.Error);
        SkippedFiles skipped = [];
        IReadOnlyList<string> files = StrokeFolder.Images(settings.Images, skipped);
        OutputFolder.Prepare(settings.Out, settings.Force);
        int Threads(Image image, string source) =>
            ForestMemory.Threads(set, image, request.Threads, settings.MemoryLimit.Bytes, source);

        Stopwatch watch = Stopwatch.StartNew();
        JsonObject result = [];
        RandomForest forest;
        if (ready is not null)
        {
            forest = ready;
        }
        else
        {
            (forest, int pixels, int objects) = StrokeFolder.Learn(
                settings.Strokes!, files, set, growth, Threads, _terminal.Cancelled);
            string saved = Path.Combine(settings.Out, ForestName);
            ForestFile.Write(saved, forest);
            _terminal.Error.WriteLine(FormattableString.Invariant(
                $"{growth.Trees} trees from {objects:N0} object and {pixels - objects:N0} background pixels in {watch.Elapsed.TotalSeconds:0.0} s: {saved}"));
            result["forest"] = saved;
            result["stroke_pixels"] = pixels;
            result["object_pixels"] = objects;
        }

        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        List<(string File, int Plane, string Name, int Masks)> done = [];
        foreach (string file in files.TakeWhile(_ => !_terminal.Cancelled.IsCancellationRequested))
        {
            skipped.Try(file, () =>
            {
                foreach ((int plane, NamedImage image) in ImageFolder.ReadFile(file, names, skipped, withSet: true).Index())
                {
                    int masks = Segment(forest, enhancer, image, settings.Out, cut, Threads(image.Image, file), request.Threads);
                    done.Add((Path.GetFileName(file), plane, image.Name, masks));
                    _terminal.Out.WriteLine($"{image.Name}: {masks} masks");
                }
            });
        }

        skipped.Report(_terminal);
        if (done.Count == 0 && !_terminal.Cancelled.IsCancellationRequested)
        {
            throw skipped.FirstError ?? ImageFolder.NothingUsable(settings.Images, "", skipped);
        }

        result["features"] = set.ToString();
        result["trees"] = forest.Trees.Count;
        result["enhancer"] = settings.Enhancer;
        result["seconds"] = ResultFile.Number(Math.Round(watch.Elapsed.TotalSeconds, 3));
        result["images"] = new JsonArray([.. done.Select(d =>
            (JsonNode)new JsonObject { ["name"] = d.Name, ["file"] = d.File, ["plane"] = d.Plane, ["masks"] = d.Masks })]);
        result["skipped"] = skipped.ToJson();
        ResultFile.Write(RunFolder.Summary(settings.Out), result);
        ResultFile.Write(settings.Json, result);
        return (int)(_terminal.Cancelled.IsCancellationRequested ? ExitCode.Cancelled : skipped.Code);
    }

    /// <summary>Writes an image's map, its repaired map and its masks.</summary>
    /// <param name="featureThreads">How many threads may hold features.</param>
    /// <returns>How many masks there are.</returns>
    private int Segment(
        RandomForest forest, LoadedEnhancer? enhancer, NamedImage image, string folder, InstanceOptions cut, int featureThreads,
        int threads)
    {
        (int height, int width) = (image.Image.Height, image.Image.Width);
        float[] map = forest.Predict(FeatureImage.From(image.Image, image.Path), featureThreads, _terminal.Cancelled);
        ImageFile.WriteTiff(StrokeMaps.File(folder, image.Name, enhanced: false), new Image(1, height, width, map));
        if (enhancer is not null)
        {
            map = PredictionEnhancer.Enhance(enhancer.Network, map, height, width, threads);
            ImageFile.WriteTiff(StrokeMaps.File(folder, image.Name, enhanced: true), new Image(1, height, width, map));
        }

        LabelImage masks = Watershed.Cut(map, height, width, cut);
        LabelFile.WriteTiff(Path.Combine(folder, RunFolder.MaskFile(image.Name)), masks);
        return masks.Labels.Max();
    }

    private sealed record StrokesSettings : ResultSettings
    {
        [Setting("Images to segment; the painted ones are among them", Unit = "folder")]
        public required string Images { get; init; }

        [Setting("Strokes NAME_strokes.* for NAME.*: 0 not painted, 1 background, 2 object; or ImageJ's regions of groups 1 and 2", Unit = "folder",
            Basic = true)]
        public string? Strokes { get; init; }

        [Setting("Forest of an earlier call, instead of strokes", Unit = "file", Basic = true)]
        public string? Forest { get; init; }

        [Setting("Network that repairs the forest's maps; builtin: that of fluorescence nuclei", Default = "none",
            Unit = "file", Basic = true)]
        public string? Enhancer { get; init; }

        [Setting("Where forest, maps and masks go", Unit = "folder")]
        public required string Out { get; init; }

        [Setting("Pixel features of a new forest: full (43) or fast (28)", Group = "forest")]
        public FeatureChoice Features { get; init; }

        [Setting("Memory that features may take", Group = "engine")]
        public MemorySize MemoryLimit { get; init; } = new(4_000_000_000);

        [Setting("Write over earlier results", Basic = true)]
        public bool Force { get; init; }
    }
}
