using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>What must hold to the last bit, on a small network.</summary>
[TestClass]
internal sealed class AdaptationStepTests
{
    private static readonly AdaptationOptions Options = new() { BatchSize = 2, Crop = 32 };

    private static readonly Lazy<Network> Small =
        new(() => Network.Read(SmallNetworks.Cellpose(4, 20, 8)));

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Step_LearningRateZero_LeavesEveryWeightBitIdentical(bool decoupled)
    {
        using CpuBackend backend = new(2);
        using AdaptationStep training = new(Small.Value, backend, Options with { DecoupledL2Sp = decoupled });
        WeightSnapshot before = training.Student.Download();

        StepPoint[] points = Steps(training, 5, 0);

        Assert.IsTrue(points.All(p => p.GradientNorm > 0 && p.L2Sp == 0));
        AssertSameBits(before.Parameters, training.Student.Download().Parameters);
        AssertSameBits(before.Parameters, training.Teacher.Download().Parameters);
    }

    [TestMethod]
    public void Step_StatisticsNotUpdated_StayBitIdenticalToo()
    {
        using CpuBackend backend = new(2);
        AdaptationOptions options =
            Options with { StudentNorm = StudentNorm.Stored, NormUpdate = NormUpdate.None };
        using AdaptationStep training = new(Small.Value, backend, options);
        WeightSnapshot before = training.Student.Download();

        Steps(training, 3, 1e-3);

        Assert.IsFalse(before.Parameters.SequenceEqual(training.Student.Download().Parameters));
        AssertSameBits(before.Statistics, training.Student.Download().Statistics);
        AssertSameBits(before.Statistics, training.Teacher.Download().Statistics);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Step_First_HasNoL2SpGradientHoweverLargeItsWeight(bool decoupled)
    {
        float[] without = First(Options with { UseL2Sp = false });
        float[] with = First(Options with { LambdaL2Sp = 1e6, DecoupledL2Sp = decoupled });
        AssertSameBits(without, with);

        static float[] First(AdaptationOptions options)
        {
            using CpuBackend backend = new(2);
            using AdaptationStep training = new(Small.Value, backend, options);
            StepPoint point = Steps(training, 1, 1e-3)[0];
            Assert.AreEqual(0.0, point.L2Sp);
            return training.Student.Download().Parameters;
        }
    }

    [TestMethod]
    [DataRow(TrainedLayers.Norm)]
    [DataRow(TrainedLayers.Shallow)]
    public void Step_SomeLayers_LeavesTheOthersBitIdentical(TrainedLayers layers)
    {
        using CpuBackend backend = new(2);
        using AdaptationStep training = new(Small.Value, backend, Options with { Layers = layers });
        float[] before = training.Student.Download().Parameters;

        Steps(training, 3, 1e-3);

        float[] after = training.Student.Download().Parameters;
        float[] teacher = training.Teacher.Download().Parameters;
        bool[] frozen = new bool[before.Length];
        foreach ((int offset, int length) in FrozenWeights.Of(Small.Value.Parameters, layers))
        {
            frozen.AsSpan(offset, length).Fill(true);
        }

        Assert.Contains(false, frozen);
        for (int i = 0; i < before.Length; i++)
        {
            Assert.AreEqual(frozen[i], after[i] == before[i], $"weight {i}");
            Assert.IsTrue(!frozen[i] || teacher[i] == before[i], $"teacher's weight {i}");
        }
    }

    [TestMethod]
    public void Step_Second_IsHeldByL2Sp()
    {
        // The counterpart: once the weights have moved, the anchor pulls.
        using CpuBackend backend = new(2);
        using AdaptationStep training = new(Small.Value, backend, Options);
        StepPoint[] points = Steps(training, 2, 1e-3);
        Assert.IsTrue(points[1].L2Sp > 0);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void Step_SameSeed_GivesTheSameBitsWithAnyNumberOfThreads(int threads)
    {
        (WeightSnapshot student, WeightSnapshot teacher, StepPoint[] points) = Run(1);
        (WeightSnapshot student2, WeightSnapshot teacher2, StepPoint[] points2) = Run(threads);
        AssertSameBits(student.Parameters, student2.Parameters);
        AssertSameBits(student.Statistics, student2.Statistics);
        AssertSameBits(teacher.Parameters, teacher2.Parameters);
        AssertSameBits(teacher.Statistics, teacher2.Statistics);
        for (int i = 0; i < points.Length; i++)
        {
            Assert.AreEqual(points[i].Loss, points2[i].Loss);
            Assert.AreEqual(points[i].GradientNorm, points2[i].GradientNorm);
            AssertSameBits(points[i].Thresholds.ToArray(), points2[i].Thresholds.ToArray());
        }

        static (WeightSnapshot Student, WeightSnapshot Teacher, StepPoint[] Points) Run(int threads)
        {
            using CpuBackend backend = new(threads);
            using AdaptationStep training = new(Small.Value, backend, Options);
            StepPoint[] points = Steps(training, 3, 1e-3);
            return (training.Student.Download(), training.Teacher.Download(), points);
        }
    }

    [TestMethod]
    public void Begin_NextBatchSentMeanwhile_GivesTheBitsOfSingleSteps()
    {
        using CpuBackend backend = new(2);
        using AdaptationStep single = new(Small.Value, backend, Options);
        using AdaptationStep ahead = new(Small.Value, backend, Options);
        StepPoint[] expected = Steps(single, 3, 1e-3);
        ahead.Send(Weak(0));
        for (int step = 0; step < expected.Length; step++)
        {
            ahead.Begin(Strong(step), 1e-3);
            if (step + 1 < expected.Length)
            {
                ahead.Send(Weak(step + 1));
            }

            StepPoint point = ahead.End();
            Assert.AreEqual(expected[step].Loss, point.Loss);
            Assert.AreEqual(expected[step].Iteration, point.Iteration);
        }

        AssertSameBits(single.Student.Download().Parameters, ahead.Student.Download().Parameters);
        AssertSameBits(single.Teacher.Download().Parameters, ahead.Teacher.Download().Parameters);
    }

    private static StepPoint[] Steps(AdaptationStep training, int count, double learningRate) =>
        [.. Enumerable.Range(0, count).Select(step => training.Step(Weak(step), Strong(step), learningRate))];

    private static float[] Weak(int step) =>
        OperationCase.Noise(Options.BatchSize * 2 * Options.Crop * Options.Crop, (ulong)step);

    private static StrongAugmentation[] Strong(int step) =>
        [.. Enumerable.Range(0, Options.BatchSize).Select(i =>
            new StrongAugmentation(true, i == 0, 1.2f, 0.7f, 0.8f, 0.1f, (ulong)((10 * step) + i)))];

    private static void AssertSameBits(float[] expected, float[] actual) =>
        CollectionAssert.AreEqual(
            Array.ConvertAll(expected, BitConverter.SingleToInt32Bits),
            Array.ConvertAll(actual, BitConverter.SingleToInt32Bits));
}
