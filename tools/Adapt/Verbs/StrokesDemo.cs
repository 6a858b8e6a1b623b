using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Instances;
using SelfAdapt.ShallowToDeep.Metrics;
using SelfAdapt.ShallowToDeep.Strokes;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>
/// demo --strokes: a few simulated strokes on one micrograph; a forest learns from them, the builtin enhancer repairs its
/// maps, and a network learns from the masks that are cut from these. The truth is used for strokes and scores only.
/// </summary>
internal static class StrokesDemo
{
    private const int Images = 12;
    private const int Judged = 4;
    private const int Epochs = 100;

    // One micrograph is painted, with few short strokes: what a user does in a minute.
    private static readonly PaintOptions Brush = new() { Strokes = 4, Length = 15 };

    /// <returns>The exit code.</returns>
    public static int Run(Terminal terminal, string folder, bool force, string? json, ulong seed, EngineRequest request)
    {
        ResultFile.Check(json);
        OutputFolder.Prepare(folder, force);
        OutputFolder.RequireWritable(Path.Combine(folder, "images"));
        OutputFolder.RequireWritable(Path.Combine(folder, "masks"));
        Stopwatch watch = Stopwatch.StartNew();
        Micrograph[] micrographs = [.. Enumerable.Range(0, Images).Select(i => MicrographSimulator.Simulate(
            MicrographOptions.Shifted, (seed * Images) + (ulong)i))];
        FeatureImage[] features = [.. micrographs.Select((m, i) => FeatureImage.From(m.Image, Name(i)))];
        LabelImage strokes = StrokePainter.Paint(
            micrographs[0].Labels, Brush with { Seed = (int)(seed % int.MaxValue) }, Name(0));
        LabelFile.WritePng(Path.Combine(folder, Name(0) + StrokeFolder.Ending + ".png"), strokes);
        (List<int> places, bool[] objects) = StrokeImage.Read(strokes, Name(0), strokes.Height, strokes.Width);
        RandomForest forest = RandomForest.Train(
            FeatureSet.Full, PixelReader.Read(features[0], FeatureSet.Full, places, objects, request.Threads),
            new() { Seed = (int)(seed % int.MaxValue) }, request.Threads, terminal.Cancelled);
        ForestFile.Write(Path.Combine(folder, "strokes" + ForestFile.Ending), forest);
        terminal.Error.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{places.Count} pixels of strokes on 1 of {Images} simulated micrographs, {Judged} to judge on"));

        using LoadedEnhancer enhancer = LoadedEnhancer.Open(
            DefaultModel.BuiltinEnhancer, FeatureSet.Full, request, terminal.Error)!;
        float[][] maps = [.. features.Select(f => forest.Predict(f, request.Threads, terminal.Cancelled))];
        float[][] enhanced = [.. maps.Select((m, i) => PredictionEnhancer.Enhance(
            enhancer.Network, m, features[i].Height, features[i].Width, request.Threads))];
        JsonObject result = new() { ["stroke_pixels"] = places.Count, ["images"] = Images, ["judged"] = Judged };
        Score("forest", maps);
        Score("enhanced", enhanced);

        LabelImage[] masks = [.. enhanced.Select((m, i) => Watershed.Cut(m, features[i].Height, features[i].Width, new()))];
        for (int i = 0; i < Images; i++)
        {
            ImageFile.WriteTiff(Path.Combine(folder, "images", Name(i) + ".tif"), micrographs[i].Image);
            LabelFile.WriteTiff(Path.Combine(folder, "masks", RunFolder.MaskFile(Name(i))), masks[i]);
        }

        LabelledImage[] learnt = [.. Enumerable.Range(0, Images - Judged).Select(i =>
            new LabelledImage(micrographs[i].Image, masks[i], Name(i)))];
        Tell("network", null, null, TrainNetwork(
            terminal, learnt, [.. Enumerable.Range(0, Judged).Select(i => micrographs[^(i + 1)].Image)],
            Path.Combine(folder, "network.onnx"), request));
        result["seconds"] = ResultFile.Number(Math.Round(watch.Elapsed.TotalSeconds, 1));
        ResultFile.Write(RunFolder.Summary(folder), result);
        ResultFile.Write(json, result);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{watch.Elapsed.TotalSeconds:0} s; all in {folder}"));
        return (int)(terminal.Cancelled.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Ok);

        // The painted micrograph is among those that are learnt from, not among the judged.
        void Score(string name, float[][] all)
        {
            ForegroundScores scores = new();
            for (int i = 0; i < Judged; i++)
            {
                scores.Add(all[^(i + 1)], Array.ConvertAll(micrographs[^(i + 1)].Labels.Labels, l => l > 0));
            }

            Tell(name, scores.F1, scores.SoftDice, [.. Enumerable.Range(0, Judged).Select(i => Watershed.Cut(
                all[^(i + 1)], features[^(i + 1)].Height, features[^(i + 1)].Width, new()))]);
        }

        void Tell(string name, double? f1, double? dice, LabelImage[] instances)
        {
            double precision = instances.Select((l, i) => SegmentationMetrics.AveragePrecision(
                micrographs[^(i + 1)].Labels, l, [0.5])[0]).Average();
            double variation = instances.Select((l, i) => VariationOfInformation.Of(micrographs[^(i + 1)].Labels, l).Sum).Average();
            string foreground = f1 is null ? "" : FormattableString.Invariant($"foreground F1 {f1:0.000}, soft Dice {dice:0.000}, ");
            terminal.Out.WriteLine(FormattableString.Invariant(
                $"{name}: {foreground}AP50 {precision:0.000}, variation of information {variation:0.000}"));
            result[name] = new JsonObject
            {
                ["foreground_f1"] = ResultFile.Number(f1),
                ["soft_dice"] = ResultFile.Number(dice),
                ["ap50"] = ResultFile.Number(precision),
                ["vi"] = ResultFile.Number(variation),
            };
        }
    }

    /// <summary>Fine-tunes the builtin network on masks from the maps, and segments with it.</summary>
    private static LabelImage[] TrainNetwork(
        Terminal terminal, LabelledImage[] learnt, Image[] judged, string path, EngineRequest request)
    {
        ModelFile model = ModelFile.Of(DefaultModel.Read(), path);
        Network network = model.ImportForTraining(null);
        double diameter = MicrographOptions.Shifted.Diameter;
        TrainingSetOptions options = new() { DiamMean = model.DiamMean ?? diameter, CropSize = 128 };
        TrainingSet set = TrainingSet.Create(learnt, options, network.InputChannels);
        using Backend backend = InferenceEngine.OpenBackend(request, terminal.Error);
        using Trainer trainer = new(network, backend, new() { Epochs = Epochs, LearningRate = 1e-3 });
        trainer.Train(
            set, null, e => terminal.Progress.Step($"network: epoch {e.Epoch + 1}/{Epochs}"), terminal.Cancelled);
        terminal.Progress.Finish();
        model.Onnx.WithWeights(trainer.Weights.Download().ByName(network)).Save(path);
        using EngineNetwork engine = new(trainer.Weights, backend);
        Segmenter segmenter = new(
            engine, new() { Diameter = set.MeanDiameter, DiamMean = options.DiamMean, Threads = request.Threads });
        return [.. judged.Select(i => segmenter.Segment(i).Masks)];
    }

    private static string Name(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"micrograph_{index + 1:D2}");
}
