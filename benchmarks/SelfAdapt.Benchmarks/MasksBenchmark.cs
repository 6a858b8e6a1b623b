using System.Diagnostics;
using System.Globalization;
using MathNet.Numerics.Statistics;
using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Files.Npy;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Benchmarks;

/// <summary>
/// The way from network outputs to masks, stage by stage, and Cellpose's own in turn where it is given.
/// </summary>
internal static class MasksBenchmark
{
    private const int WarmUps = 5;
    private const int FlowScale = 5;
    private const double CellDiameter = 26;

    // A cell of that diameter gets this many pixels of the picture: about 1,000 cells on 1024 x 1024.
    private const int PixelsPerCell = 1000;

    // A network's flows are smoother than those of masks and not quite right. With these two figures points come
    // to rest after 23 steps on average; on Cellpose's outputs for cells of this size it takes 18 to 27.
    private const double FlowBlur = 1;
    private const double FlowNoise = 0.25;
    private const double Logit = 4;

    private static readonly string[] Stages = ["follow", "label", "errors", "cleanup"];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="arguments">[--threads N] [--rounds N] [--size N] [--peer "PYTHON cellpose_masks.py"].</param>
    /// <returns>The exit code.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        (int threads, int rounds, int size, string? peer) = (Environment.ProcessorCount, 10, 1024, null);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string text = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value);
            switch (arguments[i])
            {
                case "--threads" when isNumber && value is >= 1 and <= 1024:
                    threads = value;
                    break;
                case "--rounds" when isNumber && value is >= 1 and <= 1000:
                    rounds = value;
                    break;
                case "--size" when isNumber && value is >= 64 and <= 8192:
                    size = value;
                    break;
                case "--peer" when text.Length > 0:
                    peer = text;
                    break;
                default:
                    Console.Error.WriteLine(
                        "usage: ... -- masks [--threads N] [--rounds N] [--size N] "
                        + "[--peer \"python3 benchmarks/peers/cellpose_masks.py\"]");
                    return 2;
            }
        }

        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        Compare(Field(size), threads, rounds, peer);
        return 0;
    }

    private static void Compare(Image field, int threads, int rounds, string? peerCommand)
    {
        string folder = Directory.CreateTempSubdirectory("selfadapt-masks-").FullName;
        try
        {
            string fieldPath = Path.Combine(folder, "field.npy");
            NpyFile.Write(fieldPath, field.Pixels, field.Channels, field.Height, field.Width);
            using CellposePeer? peer =
                peerCommand is null ? null : new CellposePeer(peerCommand, fieldPath, threads);
            for (int i = 0; i < WarmUps; i++)
            {
                Round(field, threads);
            }

            List<Dictionary<string, double>> own = [];
            List<Dictionary<string, double>> theirs = [];
            for (int i = 0; i < rounds; i++)
            {
                own.Add(Round(field, threads));
                if (peer is not null)
                {
                    theirs.Add(peer.Round());
                }
            }

            LabelImage masks = FlowMasks.Compute(field, OutputDescription.Cellpose, Options(threads));
            Report(field, masks, threads, own, theirs);
            if (peer is not null)
            {
                string masksPath = Path.Combine(folder, "masks.npy");
                peer.Save(masksPath);
                int[] labels = [.. NpyFile.Read(masksPath).ToDoubles().Select(v => (int)v)];
                ReportAgreement(masks, new LabelImage(field.Height, field.Width, labels), peer.Name);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The stages on their own, then the whole as users call it.</summary>
    private static Dictionary<string, double> Round(Image field, int threads)
    {
        SegmentationOptions options = Options(threads);
        Dictionary<string, double> times = [];
        int[] pixels = [.. Enumerable.Range(0, field.Height * field.Width).Where(i => field.Plane(2)[i] > 0)];
        (int[] ends, LabelImage labels, LabelRegion[] regions) = ([], new(1, 1, [0]), []);
        Time("follow", () => ends = FlowDynamics.Follow(
            field.Plane(0), field.Plane(1), pixels, field.Height, field.Width, FlowScale, options.FlowSteps,
            threads));
        Time("label", () =>
            labels = SeedLabeling.Label(pixels, ends, field.Height, field.Width, options.MaxSizeFraction));
        Time("errors", () =>
        {
            regions = LabelRegions.Find(labels, labels.Labels.Max());
            MaskFlows.Errors(labels, regions, field, 0, FlowScale, threads);
        });
        Time("cleanup", () => MaskCleanup.FillHolesAndRemoveSmall(labels, options.MinSize, threads));
        Time("ms", () => FlowMasks.Compute(field, OutputDescription.Cellpose, options));
        return times;

        void Time(string stage, Action action)
        {
            long start = Stopwatch.GetTimestamp();
            action();
            times[stage] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    private static SegmentationOptions Options(int threads) => new() { Diameter = 30, Threads = threads };

    private static void Report(
        Image field, LabelImage masks, int threads,
        List<Dictionary<string, double>> own, List<Dictionary<string, double>> theirs)
    {
        int pixels = field.Plane(2).ToArray().Count(v => v > 0);
        Console.WriteLine($"{field.Height} x {field.Width} px, {pixels:N0} of them cell, {masks.Labels.Max()} masks, "
            + $"{threads} threads, median (least) of {own.Count}.");
        Console.WriteLine();
        Console.WriteLine($"| stage | SelfAdapt ms | Cellpose ms | ratio |");
        Console.WriteLine($"|---|---:|---:|---:|");
        foreach (string stage in (string[])[.. Stages, "ms"])
        {
            string name = stage == "ms" ? "whole" : stage;
            (double mine, string mineText) = Summary(own, stage);
            (double other, string otherText) = theirs.Count > 0 ? Summary(theirs, stage) : (0, "-");
            string ratio = theirs.Count > 0 ? $"{mine / other:f3}" : "-";
            Console.WriteLine($"| {name} | {mineText} | {otherText} | {ratio} |");
        }
    }

    private static (double Median, string Text) Summary(List<Dictionary<string, double>> rounds, string stage)
    {
        double[] times = [.. rounds.Select(r => r[stage])];
        double median = times.Median();
        return (median, $"{median:f1} ({times.Min():f1})");
    }

    private static void ReportAgreement(LabelImage own, LabelImage theirs, string peerName)
    {
        (LabelImage mine, int myCount) = LabelRegions.Renumber(own);
        (LabelImage other, int otherCount) = LabelRegions.Renumber(theirs);
        int different = mine.Labels.Zip(other.Labels).Count(pair => pair.First != pair.Second);
        InstanceMatching match = InstanceMatching.Match(other, mine, 0.99);
        Console.WriteLine();
        Console.WriteLine($"Cellpose: {peerName}");
        Console.WriteLine($"masks {myCount} and {otherCount}; {match.TruePositives} match with IoU >= 0.99; pixels whose "
            + $"label differs: {different}");
    }

    /// <summary>Simulated nuclei and the outputs that a good network would give for them.</summary>
    private static Image Field(int size)
    {
        MicrographOptions options = new()
        {
            Height = size,
            Width = size,
            Diameter = CellDiameter,
            Nuclei = size * size / PixelsPerCell,
        };
        LabelImage cells = MicrographSimulator.Simulate(options, 1).Labels;
        Image flows = MaskFlows.FromMasks(cells);
        int plane = size * size;
        float[] field = new float[3 * plane];
        for (int channel = 0; channel < 2; channel++)
        {
            float[] flow = flows.Plane(channel).ToArray();
            SmoothField.Blur(flow, size, size, FlowBlur);
            for (int i = 0; i < plane; i++)
            {
                double noise = FlowNoise * CounterRandom.Normal((ulong)channel, (ulong)i);
                field[(channel * plane) + i] = (float)((FlowScale * flow[i]) + noise);
            }
        }

        for (int i = 0; i < plane; i++)
        {
            field[(2 * plane) + i] = (float)((cells.Labels[i] > 0 ? Logit : -Logit) + CounterRandom.Normal(2, (ulong)i));
        }

        return new Image(3, size, size, field);
    }
}
