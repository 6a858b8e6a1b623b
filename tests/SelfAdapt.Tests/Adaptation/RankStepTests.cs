using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tests.Classes;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>A batch divided over ranks teaches what it teaches one process.</summary>
[TestClass]
internal sealed class RankStepTests
{
    private static readonly AdaptationOptions Options = new() { BatchSize = 5, Crop = 32, EmaEvery = 2, Ema = 0.9 };

    private static readonly Lazy<Network> Small = new(() => Network.Read(SmallNetworks.Cellpose(4, 20, 8)));

    private static readonly Lazy<Network> Tangle = new(() => Network.Read(SmallNetworks.Tangle()));

    [TestMethod]
    [DataRow(NormUpdate.Weak, StudentNorm.Batch, false)]
    [DataRow(NormUpdate.Strong, StudentNorm.Batch, true)]
    [DataRow(NormUpdate.Strong, StudentNorm.Stored, false)]
    public void Step_OnCpu_IsThatOfOneProcess(NormUpdate update, StudentNorm norm, bool exact)
    {
        AdaptationOptions options = Options with { NormUpdate = update, StudentNorm = norm };
        Taken whole = Take(SingleRank.Instance, () => new CpuBackend(1, exact), options, Small.Value);
        foreach (int count in (int[])[2, 3, 5])
        {
            Taken[] ranks = ThreadRanks.Run(count, r => Take(r, () => new CpuBackend(1, exact), options, Small.Value));

            // Pseudo-labels, thresholds and moments of the first step are sums in the order of the samples: the same bits.
            CollectionAssert.AreEqual(whole.FirstMean, ranks[0].FirstMean);
            CollectionAssert.AreEqual(whole.Points[0].Thresholds.ToArray(), ranks[0].Points[0].Thresholds.ToArray());
            CollectionAssert.AreEqual(whole.FirstStatistics, ranks[0].FirstStatistics);
            AssertNear(whole, ranks, 1e-6);
            AssertSame(ranks, ThreadRanks.Run(count, r => Take(r, () => new CpuBackend(1, exact), options, Small.Value)));
        }
    }

    [TestMethod]
    public void Step_OnCpu_AnyThreads_SameBits() => AssertSame(
        ThreadRanks.Run(2, r => Take(r, () => new CpuBackend(1), Options, Small.Value)),
        ThreadRanks.Run(2, r => Take(r, () => new CpuBackend(2 + r.Index), Options, Small.Value)));

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Step_OnReference_IsThatOfOneProcess(bool classes)
    {
        Network network = classes ? Network.Read(ClassNetworkTests.Model(16)) : Tangle.Value;
        AssertNear(
            Take(SingleRank.Instance, () => new ReferenceBackend(), Options with { BatchSize = 3 }, network),
            ThreadRanks.Run(2, r => Take(r, () => new ReferenceBackend(), Options with { BatchSize = 3 }, network)), 1e-6);
    }

    [TestMethod]
    public void Step_OnGpu_IsThatOfOneProcess()
    {
        AdaptationOptions options = Options with { BatchSize = 3, Crop = 8, Views = 2 };
        AssertNear(
            Take(SingleRank.Instance, () => new GpuBackend(new SimulatedDevice()), options, Tangle.Value, 2),
            ThreadRanks.Run(2, r => Take(r, () => new GpuBackend(new SimulatedDevice()), options, Tangle.Value, 2)), 1e-5);
    }

    private static Taken Take(IRanks ranks, Func<Backend> open, AdaptationOptions options, Network network, int steps = 4)
    {
        using Backend backend = open();
        backend.Ranks = ranks;
        using AdaptationStep training = new(network, backend, options);
        BatchShare share = training.Share;
        int each = network.InputChannels * options.Crop * options.Crop;
        List<StepPoint> points = [];
        float[] mean = [];
        float[] statistics = [];
        float[] gradient = [];
        for (int step = 0; step < steps; step++)
        {
            StrongAugmentation[] strong = [.. Enumerable.Range(0, options.BatchSize).Select(
                i => new StrongAugmentation(true, i == 0, 1.2f, 0.7f, 0.8f, 0.1f, (ulong)((10 * step) + i)))];
            points.Add(training.Step(
                OperationCase.Noise(options.BatchSize * each, (ulong)step).AsSpan(share.First * each, share.Own * each),
                strong.AsSpan(share.First, share.Own), 1e-3));
            if (step == 0)
            {
                TrainingState state = training.Save();
                (mean, statistics, gradient) = (training.Mean, state.Student.Statistics, state.FirstMoment);
            }
        }

        return new(points, mean, statistics, gradient, training.Student.Download(), training.Teacher.Download());
    }

    private static void AssertNear(Taken whole, Taken[] ranks, double bound)
    {
        AssertSame(ranks[..1], ranks[1..2]);
        (StepPoint first, StepPoint shared) = (whole.Points[0], ranks[0].Points[0]);
        Assert.AreEqual(first.Loss, shared.Loss, bound * Math.Abs(first.Loss), "loss");
        Assert.AreEqual(first.Kept.ToArray().Average(), shared.Kept.ToArray().Average(), bound, "pixels kept");
        float[] zeros = new float[whole.FirstGradient.Length];
        Assert.IsLessThan(
            bound * Distance(whole.FirstGradient, zeros), Distance(whole.FirstGradient, ranks[0].FirstGradient), "gradient");
        Assert.AreEqual(whole.Points[^1].Loss, ranks[0].Points[^1].Loss, 1e-3 * whole.Points[^1].Loss, "loss of the last step");

        // Gradients that are 0 but for rounding take whole steps of AdamW: weights are compared as a whole.
        foreach ((WeightSnapshot one, WeightSnapshot many) in
            new[] { (whole.Student, ranks[0].Student), (whole.Teacher, ranks[0].Teacher) })
        {
            Assert.IsLessThan(5e-5, Distance(one.Parameters, many.Parameters), "weights, moved by some 1e-3 a step");
        }
    }

    /// <summary>The root of the mean square.</summary>
    private static double Distance(float[] one, float[] other) =>
        Math.Sqrt(one.Zip(other, (a, b) => Math.Pow((double)a - b, 2)).Average());

    private static void AssertSame(Taken[] expected, Taken[] actual)
    {
        foreach ((Taken one, Taken other) in expected.Zip(actual))
        {
            CollectionAssert.AreEqual(one.Student.Parameters, other.Student.Parameters);
            CollectionAssert.AreEqual(one.Student.Statistics, other.Student.Statistics);
            CollectionAssert.AreEqual(one.Teacher.Parameters, other.Teacher.Parameters);
            CollectionAssert.AreEqual(one.Points.ConvertAll(p => p.Loss), other.Points.ConvertAll(p => p.Loss));
        }
    }

    private sealed record Taken(
        List<StepPoint> Points, float[] FirstMean, float[] FirstStatistics, float[] FirstGradient, WeightSnapshot Student, WeightSnapshot Teacher);
}
