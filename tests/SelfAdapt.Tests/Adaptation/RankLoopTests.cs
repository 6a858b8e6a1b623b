using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>A whole run divided over ranks: crops, checks, labelled images, states.</summary>
[TestClass]
internal sealed class RankLoopTests
{
    private static readonly SegmentationOptions Segmentation =
        new() { FlowThreshold = 0, CellprobThreshold = -100, MinSize = 1 };

    private static readonly AdaptationOptions Options = new()
    {
        Iterations = 6,
        Warmup = 2,
        EvalEvery = 2,
        BatchSize = 4,
        Crop = 32,
        LearningRate = 1e-3,
        Views = 2,
    };

    private static readonly Lazy<Network> Small = new(() => Network.Read(SmallNetworks.Cellpose(4, 20, 8)));

    private static readonly Lazy<Micrograph[]> Micrographs = new(() =>
    [
        .. Enumerable.Range(0, 5).Select(i => MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Height = 64, Width = 64, Nuclei = 4 }, (ulong)i))
    ]);

    [TestMethod]
    [DataRow(2)]
    [DataRow(4)]
    public void Run_IsThatOfOneProcess(int count)
    {
        Told whole = Run(SingleRank.Instance);
        Told[] ranks = ThreadRanks.Run(count, r => Run(r));

        // The source is measured image by image: the same bits, on all ranks.
        EvaluationPoint source = whole.Result.Evaluations[0];
        foreach (Told rank in ranks)
        {
            Assert.AreEqual(source, rank.Result.Evaluations[0]);
            CollectionAssert.AreEqual(ranks[0].Result.Evaluations.ToArray(), rank.Result.Evaluations.ToArray());
            CollectionAssert.AreEqual(ranks[0].Result.Kept.Parameters, rank.Result.Kept.Parameters);
        }

        Assert.IsNotNull(source.Ap50);
        Assert.HasCount(whole.Losses.Count, ranks[0].Losses);
        foreach ((double one, double many) in whole.Losses.Zip(ranks[0].Losses))
        {
            Assert.AreEqual(one, many, 1e-3 * one);
        }

        Assert.AreEqual(whole.Result.Evaluations[^1].MeanConfidence!.Value, ranks[0].Result.Evaluations[^1].MeanConfidence!.Value, 1e-3);
    }

    [TestMethod]
    public void Resume_WithAnotherNumberOfRanks_GoesOn()
    {
        Told[] whole = ThreadRanks.Run(2, r => Run(r));
        RunState state = ThreadRanks.Run(2, r => Run(r, stopAfter: 3))[0].Saved!;
        Assert.AreEqual(3, state.Iteration);

        Told[] same = ThreadRanks.Run(2, r => Run(r, from: state));
        CollectionAssert.AreEqual(whole[0].Result.Kept.Parameters, same[0].Result.Kept.Parameters);
        foreach (int count in (int[])[1, 3])
        {
            Told other = ThreadRanks.Run(count, r => Run(r, from: state))[0];
            Assert.HasCount(3, other.Losses);
            foreach ((double one, double many) in whole[0].Losses.Skip(3).Zip(other.Losses))
            {
                Assert.AreEqual(one, many, 1e-3 * one);
            }
        }
    }

    [TestMethod]
    public void Run_AnyRankIsAskedToEnd_AllEndAfterTheSameStep()
    {
        Told[] ranks = ThreadRanks.Run(3, r => Run(r, stopAfter: r.Index == 2 ? 2 : int.MaxValue));
        Assert.IsTrue(ranks.All(r => r.Result is { Reason: StopReason.Cancelled, Iterations: 2 }));
    }

    [TestMethod]
    public void Run_MoreRanksThanCrops_IsRefused()
    {
        SelfAdaptException error =
            Assert.ThrowsExactly<SelfAdaptException>(() => ThreadRanks.Run(5, r => Run(r)));
        Assert.AreEqual(ErrorKind.InvalidOption, error.Kind);
        StringAssert.Contains(error.Message, "4 crops can't be divided over 5", StringComparison.Ordinal);
    }

    private static Told Run(IRanks ranks, int stopAfter = int.MaxValue, RunState? from = null)
    {
        using CpuBackend backend = new(1) { Ranks = ranks };
        using AdaptationLoop loop = new(Small.Value, backend, Options, Segmentation);
        using CancellationTokenSource cancel = new();
        Listener listener = new(stopAfter, cancel);
        RunState? saved = null;
        AdaptationResult result = loop.Run(
            [.. Micrographs.Value.Select((m, i) => new NamedImage($"m{i}", $"m{i}", m.Image))],
            [.. Micrographs.Value.Take(3).Select((m, i) => new LabelledImage(m.Image, m.Labels, $"m{i}"))], listener,
            cancel.Token, new Checkpointing(s => saved = s, from));
        return new(result, listener.Losses, saved);
    }

    private sealed record Told(AdaptationResult Result, List<double> Losses, RunState? Saved);

    private sealed class Listener(int stopAfter, CancellationTokenSource cancel) : IAdaptationObserver
    {
        public List<double> Losses { get; } = [];

        public void OnStep(StepPoint point)
        {
            Losses.Add(point.Loss);
            if (point.Iteration == stopAfter)
            {
                cancel.Cancel();
            }
        }

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
        }
    }
}
