using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.Statistics;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.ShallowToDeep.Features;
using SelfAdapt.ShallowToDeep.Forest;
using SelfAdapt.ShallowToDeep.Strokes;

namespace SelfAdapt.Benchmarks;

/// <summary>From strokes to a map: features, the forest's training, its prediction.</summary>
internal static class StrokesBenchmark
{
    private const int DensePixels = 100_000;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="arguments">[--threads N] [--rounds N] [--size N].</param>
    /// <returns>The exit code.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        (int threads, int rounds, int size) = (Environment.ProcessorCount, 5, 1024);
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            int value = int.Parse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture);
            switch (arguments[i])
            {
                case "--threads":
                    threads = value;
                    break;
                case "--rounds":
                    rounds = value;
                    break;
                case "--size":
                    size = value;
                    break;
                default:
                    Console.Error.WriteLine("usage: strokes [--threads N] [--rounds N] [--size N]");
                    return 2;
            }
        }

        Micrograph micrograph = MicrographSimulator.Simulate(
            MicrographOptions.Shifted with { Height = size, Width = size, Nuclei = size * size / 1600 }, 1);
        FeatureImage image = FeatureImage.From(micrograph.Image, "simulated");
        (List<int> places, bool[] objects) = StrokeImage.Read(
            StrokePainter.Paint(micrograph.Labels, new() { Strokes = 20 }, "benchmark"), "strokes", size, size);
        int[] dense = [.. Enumerable.Range(0, size * size).Where(i => i % (size * size / Math.Min(size * size, DensePixels)) == 0)];
        bool[] truth = [.. dense.Select(i => micrograph.Labels.Labels[i] > 0)];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{size}x{size}, {threads} threads, {rounds} rounds, medians in s; {places.Count} pixels of strokes"));
        Console.WriteLine("| features | columns | features alone | train, strokes | features + predict | train, 100,000 px | features + predict with it |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach ((string name, FeatureSet set) in new[] { ("full", FeatureSet.Full), ("fast", FeatureSet.Fast) })
        {
            TrainingPixels few = PixelReader.Read(image, set, places, objects, threads);
            TrainingPixels many = PixelReader.Read(image, set, dense, truth, threads);
            RandomForest small = RandomForest.Train(set, few, new(), threads);
            RandomForest large = RandomForest.Train(set, many, new(), threads);
            Action[] stages =
            [
                () => image.ForEachTile(set, threads, (_, _, _) => { }),
                () => RandomForest.Train(set, few, new(), threads),
                () => small.Predict(image, threads),
                () => RandomForest.Train(set, many, new(), threads),
                () => large.Predict(image, threads),
            ];
            string times = string.Join(" | ", stages.Select(s => Median(s, rounds).ToString("0.00", CultureInfo.InvariantCulture)));
            Console.WriteLine($"| {name} | {set.Columns} | {times} |");
        }

        return 0;
    }

    private static double Median(Action stage, int rounds) => Enumerable.Range(0, rounds).Select(_ =>
    {
        Stopwatch watch = Stopwatch.StartNew();
        stage();
        return watch.Elapsed.TotalSeconds;
    }).Median();
}
