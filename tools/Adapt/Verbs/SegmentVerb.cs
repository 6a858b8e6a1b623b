using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SelfAdapt.Autodiff;
using SelfAdapt.Imaging;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Verbs;

/// <summary>segment: masks for every image of a folder, under Cellpose's file names.</summary>
internal sealed class SegmentVerb
{
    private readonly Option<string> _model = OptionFactory.Required<string>(
        "--model", "FILE", "ONNX file or Cellpose checkpoint", "--pretrained-model");

    private readonly Option<string> _images = OptionFactory.Required<string>(
        "--images", "PATH", "Folder of images (PNG, TIFF, NPY), or one image", "--dir", "--image-path");

    private readonly Option<string?> _out = OptionFactory.Optional<string>(
        "--out", "FOLDER", "Where masks go [default: beside the images]", "--savedir");

    private readonly Option<string> _imageFilter = OptionFactory.Default(
        "--img-filter", "ENDING", "", "Only images whose name ends so");

    private readonly SegmentationArguments _segmentation = new();
    private readonly EngineArguments _engine = new();
    private readonly Option<OutputDescription?> _outputs = OutputMeaning.CreateOption();

    private readonly Option<int> _batchSize = OptionFactory.Default(
        "--batch-size", "N", 8, "Tiles per network call");

    private readonly SegmentationFormats _formats = new();
    private readonly Option<bool> _force = OptionFactory.Flag("--force", "Write over masks that are there");
    private readonly Option<string?> _json = ResultFile.CreateOption();
    private readonly Terminal _terminal;

    private SegmentVerb(Terminal terminal) => _terminal = terminal;

    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        SegmentVerb verb = new(terminal);
        Command command =
            new("segment", "Find the objects in images") { verb._model, verb._images, verb._out };
        command.Add(verb._imageFilter);
        verb._segmentation.AddTo(command);
        command.Add(verb._batchSize);
        command.Add(verb._outputs);
        verb._formats.AddTo(command);
        verb._engine.AddTo(command);
        command.Add(verb._force);
        command.Add(verb._json);
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string images = parsed.GetRequiredValue(_images);
        string? json = parsed.GetValue(_json);
        EngineRequest request = _engine.Get(parsed);
        List<SkippedFile> skipped = [];
        IReadOnlyList<string> files = ImageFolder.ListFiles(images, parsed.GetValue(_imageFilter)!, skipped);
        string folder = parsed.GetValue(_out)
            ?? (File.Exists(images) ? Path.GetDirectoryName(Path.GetFullPath(images))! : images);
        IReadOnlySet<ResultKind> kinds = _formats.Get(parsed);
        bool force = parsed.GetValue(_force);
        ResultFile.Check(json);
        ModelFile model = ModelFile.Load(parsed.GetRequiredValue(_model));
        Network network = model.Import(parsed.GetValue(_outputs));
        SegmentationOptions options =
            _segmentation.Get(parsed, model, network.Outputs, parsed.GetValue(_batchSize), request.Threads);
        foreach (string file in files)
        {
            RequireFree(folder, Path.GetFileNameWithoutExtension(file), kinds, force);
        }

        OutputFolder.RequireWritable(folder);
        using InferenceEngine engine = InferenceEngine.Open(model, network, request);
        _terminal.Error.WriteLine(engine.Name);
        _terminal.Error.WriteLine(SegmentationArguments.DescribeScale(options));

        Stopwatch watch = Stopwatch.StartNew();
        Segmenter segmenter = new(engine.Network, options);
        List<SkippedFile> passedOver = [];
        JsonArray results = [];
        SelfAdaptException? firstMisfit = null;
        foreach (NamedImage image in ImageFolder.Read(images, parsed.GetValue(_imageFilter)!, passedOver))
        {
            _terminal.Cancelled.ThrowIfCancellationRequested();
            RequireFree(folder, image.Name, kinds, force);
            try
            {
                results.Add(Segment(segmenter, image, new Plan(folder, kinds, options, network.Outputs)));
            }
            catch (SelfAdaptException e) when (e.Code == ExitCode.ModelImageMismatch)
            {
                firstMisfit ??= e;
                passedOver.Add(new(image.Path, e.Message));
            }
        }

        if (results.Count == 0)
        {
            throw firstMisfit!;
        }

        Report(model, results, passedOver, watch.Elapsed.TotalSeconds, folder, json);
        return (int)ExitCode.Ok;
    }

    private JsonObject Segment(Segmenter segmenter, NamedImage image, Plan plan)
    {
        Stopwatch watch = Stopwatch.StartNew();
        SegmentationResult result = segmenter.Segment(image.Image, image.Path);
        IReadOnlySet<ResultKind> kinds = plan.Kinds;
        int cells = result.Masks.Labels.Max();
        if (kinds.Contains(ResultKind.Png) && cells > ushort.MaxValue)
        {
            _terminal.Error.WriteLine(
                $"{image.Name}: more than {ushort.MaxValue:N0} cells, so TIFF instead of PNG");
            kinds = kinds.Except([ResultKind.Png]).Append(ResultKind.Tif).ToHashSet();
        }

        IReadOnlyList<string> files = SegmentationFormats.Write(
            kinds, Path.Combine(plan.Folder, image.Name), image, result, plan.Options, plan.Outputs);
        double seconds = watch.Elapsed.TotalSeconds;
        _terminal.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{image.Name}: {cells} cells, {seconds:0.00} s"));
        return new JsonObject
        {
            ["name"] = image.Name,
            ["file"] = image.Path,
            ["masks"] = files[0],
            ["files"] = new JsonArray([.. files.Select(f => (JsonNode)f)]),
            ["cells"] = cells,
            ["seconds"] = ResultFile.Number(seconds),
        };
    }

    private void Report(
        ModelFile model, JsonArray results, List<SkippedFile> skipped, double seconds, string folder,
            string? json)
    {
        ReportSkipped(_terminal, skipped);
        int cells = results.Sum(r => (int)r!["cells"]!);
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
            ["per_image"] = results,
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

    private static void RequireFree(string folder, string name, IReadOnlySet<ResultKind> kinds, bool force)
    {
        foreach (string path in kinds.Select(k => SegmentationFormats.PathOf(Path.Combine(folder, name), k)))
        {
            if (!force && File.Exists(path))
            {
                throw new SelfAdaptException(
                    ExitCode.OutputExists,
                    $"{path}: is there already. Give --force to write over it, or another folder with --out.");
            }
        }
    }

    private sealed record Plan(
        string Folder, IReadOnlySet<ResultKind> Kinds, SegmentationOptions Options, OutputDescription Outputs);
}
