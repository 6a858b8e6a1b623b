using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.CommandLine;

namespace SelfAdapt.Tool.Verbs;

/// <summary>segment: masks for every image of a folder, under Cellpose's file names.</summary>
internal sealed class SegmentVerb
{
    private readonly SettingOptions<SegmentSettings> _options = new();
    private readonly SegmentationArguments _segmentation = new(withBatchSize: true);
    private readonly SettingOptions<FormatSettings> _formats = new();
    private readonly EngineArguments _engine = new();
    private readonly Terminal _terminal;

    private SegmentVerb(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        SegmentVerb verb = new(terminal);
        Command command = new("segment", "Find the objects in images");
        verb._options.AddTo(command);
        verb._segmentation.AddTo(command);
        verb._formats.AddTo(command);
        verb._engine.AddTo(command);
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        SegmentSettings settings = _options.Get(parsed);
        string images = settings.Images;
        EngineRequest request = _engine.Get(parsed);
        List<SkippedFile> skipped = [];
        IReadOnlyList<string> files = ImageFolder.ListFiles(images, settings.ImgFilter, skipped);
        string folder = settings.Out
            ?? (File.Exists(images) ? Path.GetDirectoryName(Path.GetFullPath(images))! : images);
        IReadOnlySet<ResultKind> kinds = SegmentationFormats.Chosen(_formats.Get(parsed));
        ResultFile.Check(settings.Json);
        ModelFile model = ModelFile.Load(settings.Model);
        Network network = model.Import(settings.Outputs);
        SegmentationOptions options =
            _segmentation.Get(parsed, model, network.Outputs, null, request.Threads);
        using SegmentJournal journal = SegmentJournal.Open(
            folder, Describe(model, network.Outputs, options, kinds));
        List<string> open = settings.Force ? [] : [.. files.Where(f => journal.Finished(f) is null)];
        open.ForEach(file => SegmentBatch.RequireFree(folder, Path.GetFileNameWithoutExtension(file), kinds));
        OutputFolder.RequireWritable(folder);
        OutputFile.RemoveLeftovers(folder, depth: 0);
        List<SkippedFile> passedOver = [.. skipped];
        using SegmentBatch batch = new(
            _terminal, new SegmentPlan(folder, kinds, options, settings.MemoryLimit.Bytes, settings.Force),
            () => InferenceEngine.Open(model, network, request, _terminal.Error), journal, passedOver)
        {
            JoinsSets = Directory.Exists(images),
        };
        _terminal.Error.WriteLine(batch.EngineName);
        _terminal.Error.WriteLine(SegmentationArguments.DescribeScale(options));
        Stopwatch watch = Stopwatch.StartNew();
        IReadOnlyList<SegmentedImage> results = batch.Run(files);
        if (results.Count == 0)
        {
            throw batch.FirstMisfit
                ?? ImageFolder.NothingUsable(images, settings.ImgFilter, passedOver);
        }

        if (batch.DoneBefore > 0)
        {
            _terminal.Error.WriteLine(
                $"{batch.DoneBefore} of {files.Count} files were finished already; --force does them again");
        }

        Report(model, results, passedOver, watch.Elapsed.TotalSeconds, folder, settings.Json);
        return (int)ExitCode.Ok;
    }

    private void Report(
        ModelFile model, IReadOnlyList<SegmentedImage> results, List<SkippedFile> skipped, double seconds,
        string folder, string? json)
    {
        ReportSkipped(_terminal, skipped);
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
            ["skipped"] = ToJson(skipped),
            ["seconds"] = ResultFile.Number(seconds),
            ["per_image"] = new JsonArray([.. results.Select(r => (JsonNode)r.ToJson())]),
        });
    }

    /// <summary>Names the files that were passed over, with their count.</summary>
    internal static void ReportSkipped(Terminal terminal, IReadOnlyCollection<SkippedFile> skipped)
    {
        foreach (SkippedFile file in skipped)
        {
            terminal.Error.WriteLine($"skipped {file.File}: {file.Reason}");
        }

        if (skipped.Count > 0)
        {
            terminal.Error.WriteLine($"{skipped.Count} file{(skipped.Count == 1 ? "" : "s")} skipped");
        }
    }

    /// <summary>The files that were passed over, for scripts.</summary>
    internal static JsonArray ToJson(IEnumerable<SkippedFile> skipped) => new([.. skipped.Select(s =>
        (JsonNode)new JsonObject { ["file"] = s.File, ["reason"] = s.Reason })]);

    /// <summary>All that decides what the results are; threads and batches don't.</summary>
    private static string Describe(
        ModelFile model, OutputDescription outputs, SegmentationOptions options, IReadOnlySet<ResultKind> kinds) =>
        string.Join('\n', [
            typeof(SelfAdaptException).Assembly.GetName().Version!.ToString(),
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(model.Path))),
            string.Join(' ', outputs.Parts), FormattableString.Invariant($"{outputs.FlowScale}"),
            $"{options with { Threads = 0, BatchSize = 1 }}", string.Join(' ', kinds.Order()),
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

        [Setting("Images that need more are worked on in parts (TIFF in strips or tiles)", Group = "engine")]
        public MemorySize MemoryLimit { get; init; } = new(4_000_000_000);

        [Setting("Write over masks that are there, and do finished images again", Basic = true)]
        public bool Force { get; init; }
    }
}
