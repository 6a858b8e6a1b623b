using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Study;

/// <summary>
/// How near the size that is found without labels comes to the true one, and what it does to the unadapted network.
/// </summary>
internal static class SizeTable
{
    private const int MostJudged = 10;

    /// <summary>Prints a row per pair of source and target.</summary>
    public static void Write(string repository, string shared)
    {
        string cache = Path.Combine(repository, "artifacts", "study");
        Console.WriteLine("| source | target | true px | found px | ratio | doubt | AP50 at the model's size | at the true | at the found | s |");
        Console.WriteLine("|---|---|---:|---:|---:|---|---:|---:|---:|---:|");
        foreach ((string sourceName, string targetName) in Pairs())
        {
            Source source = Sources.Load(sourceName, repository, shared, cache);
            Target target = Targets.Load(targetName, Path.Combine(shared, "data"));
            using CpuBackend backend = new(0);
            using EngineNetwork network = new(source.Network, null, backend);
            SegmentationOptions options = StudyRun.Segmentation(source, target, 0);
            Stopwatch watch = Stopwatch.StartNew();
            ObjectSize? size = Find(network, options, target);
            double seconds = watch.Elapsed.TotalSeconds;
            double Precision(double diameter)
            {
                Segmenter segmenter = new(network, options with { Diameter = diameter });
                return target.Judged.Take(MostJudged).Average(j => InstanceMatching.Match(
                    j.Masks, segmenter.Segment(j.Image, j.Name).Masks, 0.5).AveragePrecision);
            }

            double found = size?.Diameter ?? source.DiamMean;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {sourceName} | {targetName} | {target.Diameter:0.0} | {size?.Diameter:0.0} | {found / target.Diameter:0.00} | ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{size?.Doubt ?? (size is null ? "nothing found" : "")} | {Precision(source.DiamMean):0.000} | ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{Precision(target.Diameter):0.000} | {Precision(found):0.000} | {seconds:0} |"));
        }
    }

    /// <summary>The diameter found on the target's images, px; the model's own where none is found.</summary>
    public static double Find(Source source, Target target, int threads)
    {
        using CpuBackend backend = new(threads);
        using EngineNetwork network = new(source.Network, null, backend);
        return Find(network, StudyRun.Segmentation(source, target, threads), target)?.Diameter ?? source.DiamMean;
    }

    private static ObjectSize? Find(EngineNetwork network, SegmentationOptions options, Target target) =>
        new SizeFinder(network, options with { Diameter = options.DiamMean }).Find(target.Adaptation, CancellationToken.None);

    private static IEnumerable<(string Source, string Target)> Pairs() =>
        Plans.Pairs.SelectMany(p => Plans.Find(p)!.Runs).Select(r => (r.Source, r.Target)).Distinct();
}
