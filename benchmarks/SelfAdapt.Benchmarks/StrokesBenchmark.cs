using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MathNet.Numerics.Statistics;
using SelfAdapt.Files.Npy;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;

namespace SelfAdapt.Benchmarks;

/// <summary>From strokes to a map: features, the forest's training, its prediction; beside scikit-learn's forest where it is given.</summary>
internal static class StrokesBenchmark
{
    private const int DensePixels = 100_000;
    private const int Seeds = 5;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="arguments">[--threads N] [--rounds N] [--size N] [--peer "PYTHON forest.py"].</param>
    /// <returns>The exit code.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        (int threads, int rounds, int size, string? peer) = (Environment.ProcessorCount, 5, 1024, null);
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            bool isNumber = int.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value);
            switch (arguments[i])
            {
                case "--threads" when isNumber:
                    threads = value;
                    break;
                case "--rounds" when isNumber:
                    rounds = value;
                    break;
                case "--size" when isNumber:
                    size = value;
                    break;
                case "--peer":
                    peer = arguments[i + 1];
                    break;
                default:
                    Console.Error.WriteLine(
                        "usage: strokes [--threads N] [--rounds N] [--size N] [--peer \"python3 benchmarks/peers/forest.py\"]");
                    return 2;
            }
        }

        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Scene scene = Scene.Of(size, 1);
        Console.WriteLine($"{size}x{size}, {threads} threads, {rounds} rounds, medians in s; {scene.Painted.Places.Count} pixels of strokes");
        Console.WriteLine("| features | columns | features alone | train, strokes | features + predict | train, 100,000 px | features + predict with it |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, FeatureSet set) in new[] { ("full", FeatureSet.Full), ("fast", FeatureSet.Fast) })
        {
            TrainingPixels few = scene.Strokes(set, threads);
            TrainingPixels many = scene.Every(size * size / Math.Min(size * size, DensePixels), set, threads);
            RandomForest small = RandomForest.Train(set, few, new(), threads);
            RandomForest large = RandomForest.Train(set, many, new(), threads);
            double alone = Median(() => scene.Image.ForEachTile(set, threads, (_, _, _) => { }), rounds);
            double[] times =
            [
                Median(() => RandomForest.Train(set, few, new(), threads), rounds), Median(() => small.Predict(scene.Image, threads), rounds),
                Median(() => RandomForest.Train(set, many, new(), threads), rounds), Median(() => large.Predict(scene.Image, threads), rounds),
            ];
            Console.WriteLine($"| {name} | {set.Columns} | {alone:0.00} | {string.Join(" | ", times.Select(t => $"{t:0.00}"))} |");
            if (peer is not null && set == FeatureSet.Full)
            {
                Compare(peer, scene, Scene.Of(size, 2), set, few, many, [times[0], times[1] - alone, times[2], times[3] - alone], threads, rounds);
            }
        }

        return 0;
    }

    /// <param name="own">Our seconds: training on strokes, prediction, training on many pixels, prediction; without features.</param>
    private static void Compare(
        string peer, Scene scene, Scene judged, FeatureSet set, TrainingPixels few, TrainingPixels many, double[] own, int threads, int rounds)
    {
        string folder = Directory.CreateTempSubdirectory("selfadapt-forest-").FullName;
        try
        {
            TrainingPixels held = judged.Every(10, set, threads);
            foreach ((string name, TrainingPixels pixels) in new[]
                { ("strokes", few), ("dense", many), ("image", scene.Every(1, set, threads)), ("judged", held) })
            {
                NpyFile.Write(Path.Combine(folder, name + ".npy"), pixels.Features, set.Columns, pixels.Count);
                NpyFile.Write(Path.Combine(folder, name + "_truth.npy"), Array.ConvertAll(pixels.Object, o => o ? 1 : 0), pixels.Count);
            }

            JsonNode result = Ask($"{peer} {folder} {threads} {rounds} {Seeds}");
            Console.WriteLine();
            Console.WriteLine($"scikit-learn {result["version"]}, the same features and pixels; quality on another image, least to most of {Seeds} seeds:");
            Console.WriteLine("| pixels | train, ours and theirs | predict | log loss, ours | theirs | accuracy, ours | theirs |");
            Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
            foreach ((string name, TrainingPixels pixels, int at) in new[] { ("strokes", few, 0), ("dense", many, 2) })
            {
                JsonNode theirs = result[name]!;
                (double Loss, double Accuracy)[] ours = [.. Enumerable.Range(0, Seeds).Select(
                    seed => Quality(RandomForest.Train(set, pixels, new() { Seed = seed }, threads), judged, held, threads))];
                (double Loss, double Accuracy)[] other =
                    [.. theirs["quality"]!.AsArray().Select(q => ((double)q![0]!, (double)q[1]!))];
                Console.WriteLine($"| {pixels.Count:N0} | {own[at]:0.00} {(double)theirs["fit"]!:0.00} | {own[at + 1]:0.00} {(double)theirs["predict"]!:0.00} "
                    + $"| {Range(ours.Select(q => q.Loss))} | {Range(other.Select(q => q.Loss))} "
                    + $"| {Range(ours.Select(q => q.Accuracy))} | {Range(other.Select(q => q.Accuracy))} |");
            }

            Console.WriteLine();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static JsonNode Ask(string command)
    {
        string[] words = command.Split(' ');
        using Process process = Process.Start(
            new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true })!;
        string answer = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? JsonNode.Parse(answer)! : throw new InvalidOperationException($"{command}: exit code {process.ExitCode}");
    }

    /// <summary>Log loss, probabilities kept from 0 and 1 by half a tree, and accuracy.</summary>
    private static (double Loss, double Accuracy) Quality(RandomForest forest, Scene judged, TrainingPixels held, int threads)
    {
        float[] map = forest.Predict(judged.Image, threads);
        int step = map.Length / held.Count;
        double[] p = [.. held.Object.Select((_, i) => Math.Clamp((double)map[i * step], 0.005, 0.995))];
        return (
            -held.Object.Zip(p, (o, q) => Math.Log(o ? q : 1 - q)).Average(),
            held.Object.Zip(p, (o, q) => o == (q > 0.5) ? 1.0 : 0).Average());
    }

    private static string Range(IEnumerable<double> values) => $"{values.Min():0.0000} to {values.Max():0.0000}";

    private static double Median(Action stage, int rounds) => Enumerable.Range(0, rounds).Select(_ =>
    {
        Stopwatch watch = Stopwatch.StartNew();
        stage();
        return watch.Elapsed.TotalSeconds;
    }).Median();

    /// <summary>A simulated micrograph with its truth, and strokes on it.</summary>
    private sealed record Scene(FeatureImage Image, bool[] Truth, (List<int> Places, bool[] Objects) Painted)
    {
        public static Scene Of(int size, ulong seed)
        {
            Micrograph micrograph = MicrographSimulator.Simulate(
                MicrographOptions.Shifted with { Height = size, Width = size, Nuclei = size * size / 1600 }, seed);
            return new(
                FeatureImage.From(micrograph.Image, "simulated"), Array.ConvertAll(micrograph.Labels.Labels, l => l > 0),
                StrokeImage.Read(StrokePainter.Paint(micrograph.Labels, new() { Strokes = 20 }, "benchmark"), "strokes", size, size));
        }

        public TrainingPixels Strokes(FeatureSet set, int threads) =>
            PixelReader.Read(Image, set, Painted.Places, Painted.Objects, threads);

        public TrainingPixels Every(int step, FeatureSet set, int threads)
        {
            int[] places = [.. Enumerable.Range(0, Truth.Length / step).Select(i => i * step)];
            return PixelReader.Read(Image, set, places, Array.ConvertAll(places, p => Truth[p]), threads);
        }
    }
}
