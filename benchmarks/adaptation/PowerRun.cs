using System.Globalization;
using System.Text;
using SelfAdapt.Adaptation;
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

    private static readonly double[] Powers = [1, 0.5, 0.7, 1.5];

    /// <summary>Learns with intensities as they are, then runs the source and what was kept on powers of them.</summary>
    public static string Execute(StudyRun run, Source source, Target target, AdaptationOptions start, int threads)
    {
        AdaptationOptions options = start with { Seed = (ulong)run.Seed };
        using CpuBackend backend = new(threads);
        SegmentationOptions segmentation = StudyRun.Segmentation(source, target, threads) with { Gamma = 1 };
        using AdaptationLoop loop = new(source.Network, backend, options, segmentation);
        AdaptationResult result = loop.Run(target.Adaptation);
        CheckedImages looked =
            new(AdaptationLoop.Checked(target.Adaptation, options), segmentation, source.Network.InputChannels);
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
}
