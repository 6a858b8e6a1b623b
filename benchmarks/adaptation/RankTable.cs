using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Study;

/// <summary>
/// Scores of sources on targets that need no labels, beside the AP that labels give: which score puts sources in the right
/// order. A CSV file of finished pairs; a pair that is there is not measured again.
/// </summary>
internal sealed class RankTable(string path)
{
    private const int MostJudged = 6;
    private const int LargestPart = 256;
    private const int Draws = 1;

    // That of flows that say nothing, for networks that find nothing.
    private const double BlindFlowError = 0.5;

    private static readonly double[] Rates = [0.05, 0.1, 0.2, 0.3, 0.5];

    private static readonly string[] SourceNames =
    [
        "nuclei_small", Sources.Cells, "tissue_small", "noisy_small", "mouse_small", "t98g_small", "livecell_small",
        "nuclei_dsb",
    ];

    private static readonly string[] TargetNames =
    [
        "mouse", "t98g", "histology", "noise", "other-cells", "livecell", "rings", "mito-grainy", "coarse", "shot-noise",
        "cytology", "clean", "cells-noise", "few-levels", "fluo-wide", "dim-background",
    ];

    /// <summary>Sources that have seen images they would be judged on.</summary>
    private static readonly (string Source, string Target)[] Excluded = [("livecell_small", "livecell")];

    /// <summary>
    /// What is measured: noise is half a standard deviation, drop05 to drop50 the loss of so many per cent of the bottleneck's
    /// channels; rand, hamming and ap are the measures of <see cref="Consistency"/>, medians over the images.
    /// </summary>
    private static readonly string[] Columns =
    [
        "ap50", "cells", "diameter", "true_diameter", "flow_error", "explained", "foreground", "size_trial", "noise_pooled",
        .. Kinds("noise"), .. Rates.SelectMany(r => Kinds(FormattableString.Invariant($"drop{100 * r:00}"))),
    ];

    private static string[] Kinds(string disturbance) =>
        [.. new[] { "rand", "hamming", "ap" }.Select(kind => $"{disturbance}_{kind}")];

    /// <summary>Measures the pairs that the file lacks.</summary>
    public void Measure(string repository, string shared)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, $"source,target,{string.Join(',', Columns)}\n");
        }

        string cache = Path.Combine(repository, "artifacts", "study");
        Dictionary<string, Source> sources =
            SourceNames.ToDictionary(n => n, n => Sources.Load(n, repository, shared, cache));
        foreach (string targetName in TargetNames)
        {
            HashSet<string> done = [.. Rows().Where(r => r.Target == targetName).Select(r => r.Source)];
            string[] open = [.. SourceNames.Where(s => !done.Contains(s) && !Excluded.Contains((s, targetName)))];
            if (open.Length == 0)
            {
                continue;
            }

            Target target = Targets.Load(targetName, Path.Combine(shared, "data"));
            Parallel.ForEach(open, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, name =>
            {
                string values = string.Join(',', Measure(sources[name], target).Select(
                    v => v.ToString("0.#####", CultureInfo.InvariantCulture)));
                lock (sources)
                {
                    File.AppendAllText(path, $"{name},{targetName},{values}\n");
                    Console.Error.WriteLine($"{DateTime.UtcNow:T} {targetName} {name}");
                }
            });
        }
    }

    /// <summary>
    /// Kendall's tau of each score with AP50, per target, its median, and what AP50 is lost on average where the source with
    /// the best score is taken instead of the best one.
    /// </summary>
    public string Correlations()
    {
        Row[][] targets = [.. Rows().GroupBy(r => r.Target).Select(g => g.ToArray())];
        StringBuilder text = new(
            $"| score | median | least | lost | {string.Join(" | ", targets.Select(t => t[0].Target))} |\n");
        text.Append("|---|---:|---:|---:|").Append(string.Concat(targets.Select(_ => "---:|"))).Append('\n');
        foreach ((string name, Func<Row, double> score) in Scores())
        {
            double[] taus = [.. targets.Select(t => Kendall([.. t.Select(r => r["ap50"])], [.. t.Select(score)]))];
            double lost = targets.Average(t => t.Max(r => r["ap50"]) - t.MaxBy(score)!["ap50"]);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {taus.Median():0.00} | {taus.Min():0.00} | {lost:0.000} | ")
                .AppendJoin(" | ", taus.Select(t => t.ToString("0.00", CultureInfo.InvariantCulture))).Append(" |\n");
        }

        return text.ToString();
    }

    /// <summary>What rank goes by, and then everything that was measured.</summary>
    private static IEnumerable<(string Name, Func<Row, double> Of)> Scores() =>
    [
        ("rank's score", r => ModelOpinion.ScoreOf(
            r["drop50_hamming"],
            new FlowFit(1 << 30, (long)(r["explained"] * (1 << 30)), (int)r["cells"], r["flow_error"] * r["cells"]))),
        .. Columns.Where(c => c is not ("ap50" or "true_diameter")).Select(c => (
            c == "flow_error" ? "1 - flow_error" : c,
            (Func<Row, double>)(r => c == "flow_error" ? 1 - r[c] : r[c]))),
    ];

    /// <summary>Kendall's tau-b: pairs in the same order less pairs in opposite order, among those without a tie.</summary>
    public static double Kendall(double[] a, double[] b)
    {
        (double agreed, double ofA, double ofB) = (0, 0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                (int first, int second) = (Math.Sign(a[i] - a[j]), Math.Sign(b[i] - b[j]));
                agreed += first * second;
                ofA += first * first;
                ofB += second * second;
            }
        }

        return ofA * ofB == 0 ? 0 : agreed / Math.Sqrt(ofA * ofB);
    }

    private static List<double> Measure(Source source, Target target)
    {
        // Pairs run side by side.
        using CpuBackend backend = new(1);
        using DropoutNetwork network = new(source.Network, backend);
        SegmentationOptions options = new()
        {
            Diameter = target.Diameter,
            DiamMean = source.DiamMean,
            Invert = target.Invert,
            Channels = target.Channels,
            Threads = 1,
        };
        Segmenter segmenter = new(network, options);
        LabelImage Masks(Image image) => segmenter.Segment(image).Masks;
        double precision = target.Judged.Take(MostJudged).Average(j =>
            InstanceMatching.Match(j.Masks, Masks(j.Image), 0.5).AveragePrecision);

        int side = (int)Math.Ceiling(LargestPart / options.Rescale);
        NamedImage[] parts =
            [.. SizeFinder.Some(target.Adaptation).Select(i => i with { Image = ImagePreparation.Middle(i.Image, side) })];
        SegmentationResult[] results = [.. parts.Select(p => segmenter.Segment(p.Image))];
        LabelImage[] plain = [.. results.Select(r => r.Masks)];
        LabelImage[] noisy = [.. parts.Select((p, i) => Masks(SizeFinder.WithNoise(p.Image, (ulong)i)))];
        FlowFit flows = results.Aggregate(default(FlowFit), (sum, r) => sum + FlowFit.Of(r, options, network.Outputs));
        SizeTrial trial = new(
            target.Diameter, CellGeometry.MedianDiameter(plain), CellChange.Between(plain, noisy, 0.5).Agreement, flows);
        List<double> values =
        [
            precision, flows.Cells, trial.Found, target.Diameter, flows.Cells == 0 ? BlindFlowError : flows.Error,
            flows.Explained, plain.Sum(m => (long)m.Labels.Count(l => l > 0)) / (double)plain.Sum(m => (long)m.Labels.Length),
            trial.Score, trial.Agreement,
        ];
        values.AddRange(Compared(plain, 1, (i, _) => noisy[i]));
        foreach (double rate in Rates)
        {
            values.AddRange(Compared(plain, Draws, (i, draw) =>
            {
                network.Drop(rate, new RandomStream((ulong)((i * Draws) + draw)).Substream("dropout").Key);
                return Masks(parts[i].Image);
            }));
        }

        return values;
    }

    /// <summary>Medians over the images of three measures, each the mean over the draws.</summary>
    private static double[] Compared(LabelImage[] plain, int draws, Func<int, int, LabelImage> disturbed)
    {
        Func<LabelImage, LabelImage, double>[] measures = [Consistency.Rand, Consistency.Hamming, Consistency.Precision];
        double[][] perImage = [.. plain.Select((masks, i) =>
        {
            LabelImage[] others = [.. Enumerable.Range(0, draws).Select(d => disturbed(i, d))];
            return measures.Select(m => others.Average(o => m(masks, o))).ToArray();
        })];
        return [.. measures.Select((_, m) => perImage.Select(v => v[m]).Median())];
    }

    private IEnumerable<Row> Rows() => File.ReadLines(path).Skip(1).Select(l => l.Split(',')).Select(
        f => new Row(f[0], f[1], [.. f.Skip(2).Select(v => double.Parse(v, CultureInfo.InvariantCulture))]));

    private sealed record Row(string Source, string Target, double[] Values)
    {
        public double this[string column] => Values[Array.IndexOf(Columns, column)];
    }
}
