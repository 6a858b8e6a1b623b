using System.Globalization;
using System.Text;
using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Study;

/// <summary>What powers of intensities bring before anything is learnt, and after learning without one.</summary>
internal static class PowerRun
{
    /// <summary>The columns.</summary>
    public const string Header = "source,target,settings,seed,step,gamma,ap50,evidence,evidence_error,cells";

    private static readonly double[] Powers = [1, .. GammaFinder.Factors];

    /// <summary>Learns with intensities as they are, then runs the source and what was kept on powers of them.</summary>
    public static string Execute(StudyRun run, Source source, Target target, AdaptationOptions start, int threads)
    {
        AdaptationOptions options = start with { Seed = (ulong)run.Seed };
        using CpuBackend backend = new(threads);
        SegmentationOptions segmentation = StudyRun.Segmentation(source, target, threads) with { Gamma = 1 };
        using AdaptationLoop loop = new(source.Network, backend, options, segmentation);
        AdaptationResult result = loop.Run(target.Adaptation);
        CheckedImages looked =
            new(AdaptationLoop.Checked(target.Adaptation, options), segmentation, source.Network.InputChannels, source.Network.Outputs.Grid);
        StringBuilder rows = new();
        foreach ((int step, WeightSnapshot? weights) in new (int, WeightSnapshot?)[] { (0, null), (result.KeptPoint.Iteration, result.Kept) })
        {
            if (weights is not null && step == 0)
            {
                continue;
            }

            using EngineNetwork network = new(source.Network, weights, backend);
            foreach (double power in Powers)
            {
                LabelFreeSignals signals = looked.Measure(network, power);
                Segmenter segmenter = new(network, segmentation with { Gamma = power });
                double ap50 = target.Judged.Take(StudyRun.MostJudged).Average(j => InstanceMatching.Match(
                    j.Masks, segmenter.Segment(j.Image, j.Name).Masks, 0.5).AveragePrecision);
                rows.Append(CultureInfo.InvariantCulture,
                    $"{run.Key},{step},{power},{ap50:0.0000},{signals.Evidence:0.00},{signals.EvidenceError:0.00},{signals.Cells}\n");
            }
        }

        Console.Error.Write(rows);
        return rows.ToString();
    }

    /// <summary>
    /// Per pair AP50 of the source as it is, of what was learnt, of the source with the power that evidence picks, and of what adapt
    /// keeps: the checkpoint or the source, with the power that evidence picks.
    /// </summary>
    public static string Table(string path)
    {
        StringBuilder text = new(
            "| source | target | as it is | learnt | power alone | learnt, then power | |\n|---|---|---:|---:|---:|---:|---|\n");
        List<double[]> all = [];
        foreach (Row[] pair in File.ReadLines(path).Skip(1).Select(Row.Parse).GroupBy(r => (r.Source, r.Target)).Select(g => g.ToArray()))
        {
            Row plain = pair[0];
            Row learnt = pair.Last(r => r.Gamma == 1);
            Row alone = Best(plain, pair.Where(r => r.Step == 0));
            Row kept = Best(Best(learnt, pair.Where(r => r.Step == learnt.Step)), pair.Where(r => r.Step == 0));
            all.Add([plain.Ap50, learnt.Ap50, alone.Ap50, kept.Ap50]);
            text.Append(CultureInfo.InvariantCulture,
                $"| {plain.Source} | {plain.Target} | {plain.Ap50:.000} | {learnt.Ap50:.000} | {alone.Ap50:.000} | {kept.Ap50:.000} | ")
                .Append(CultureInfo.InvariantCulture, $"step {kept.Step}, power {kept.Gamma} |\n");
        }

        string[] means = [.. Enumerable.Range(0, 4).Select(i => all.Average(a => a[i]).ToString(".000", CultureInfo.InvariantCulture))];
        return text.Append(CultureInfo.InvariantCulture, $"| mean of {all.Count} | | {string.Join(" | ", means)} | |\n").ToString();

        static Row Best(Row than, IEnumerable<Row> rows) => rows.Where(r => r.Gamma != 1 && r.Evidence - than.Evidence > GammaFinder.Clearly * r.Error)
            .Append(than).MaxBy(r => r.Evidence)!;
    }

    private sealed record Row(string Source, string Target, int Step, double Gamma, double Ap50, double Evidence, double Error)
    {
        public static Row Parse(string line)
        {
            string[] values = line.Split(',');
            double Number(int column) => double.Parse(values[column], CultureInfo.InvariantCulture);
            return new(values[0], values[1], (int)Number(4), Number(5), Number(6), Number(7), Number(8));
        }
    }
}
