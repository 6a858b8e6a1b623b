using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class OptimizerTests
{
    private static readonly OptimizerStepOptions Adam =
        new(1, 0.01f, 0.1f, 0.9f, 0.999f, 1e-8f, 0.05f, false, 0.9f);

    [TestMethod]
    public void OptimizerStep_NoMomentsNoEpsilon_MovesByTheSign()
    {
        // beta = 0, eps = 0: the move is g / |g|; lr = 1, no decay.
        using State<double> state = new([1, -2, 5], [0.3, -7, 2]);
        double[] sums = state.Step(new(1, 1, 0, 0, 0, 0, 0, false, 1));
        CollectionAssert.AreEqual(new double[] { 0, -1, 4 }, state.Weights.Data);
        Assert.AreEqual(0, sums[0]);
        Assert.AreEqual(0.09 + 49 + 4, sums[1], 1e-12);
    }

    [TestMethod]
    public void OptimizerStep_WeightDecay_IsDecoupled()
    {
        // One plain step of lr 0.5 with decay 0.25: w - 0.5 (sign + 0.25 w).
        using State<double> state = new([4], [3]);
        state.Step(new(1, 0.5f, 0.25f, 0, 0, 0, 0, false, 1));
        Assert.AreEqual(4 - (0.5 * (1 + 1)), state.Weights.Data[0], 1e-12);
    }

    [TestMethod]
    public void OptimizerStep_ThreeSteps_FollowTorch()
    {
        // torch 1.13 AdamW in double: gradient a w + 0.1 t plus L2-SP 0.05, teacher EMA 0.9.
        double[] start = [0.5, -1.25, 2];
        double[] slope = [1, -3, 0.25];
        double[][] weights =
        [
            [0.48950000016666667, -1.258749999974026, 1.9880000001666667],
            [0.47899827668833245, -1.2674983178910604, 1.9760007808851359],
            [0.46848511544566, -1.276249398944754, 1.963992359869288],
        ];
        double[] teacher = [0.494107856460016, -1.2549085385025671, 1.9932673062800912];
        double[] distances = [0.0, 0.0003308124920454535, 0.0013232260291997041];
        double[] norms = [15.5425, 16.761707432859716, 18.046312211913943];
        using State<double> state = new(start, new double[3]);
        for (int t = 0; t < 3; t++)
        {
            for (int i = 0; i < 3; i++)
            {
                state.Gradient.Data[i] = (slope[i] * state.Weights.Data[i]) + ((t + 1) * 0.1);
            }

            double[] sums = state.Step(Adam with { Step = t + 1 });

            // The options hold the constants in single precision: 0.01f is off by 2e-8 of itself.
            AssertClose(weights[t], state.Weights.Data, 1e-8);
            Assert.AreEqual(distances[t], sums[0], 1e-9);
            Assert.AreEqual(norms[t], sums[1], 1e-6);
        }

        AssertClose(teacher, state.Teacher.Data, 1e-8);
    }

    [TestMethod]
    public void OptimizerStep_LearningRateZero_LeavesEveryBitAlone()
    {
        AssertUntouched<float>(BitConverter.SingleToInt32Bits);
        AssertUntouched<double>(v => (int)(BitConverter.DoubleToInt64Bits(v) % 1_000_003));
    }

    [TestMethod]
    public void OptimizerStep_AtTheAnchor_AddsNoPull()
    {
        double[] start = HostVectors.Noise(50, 3);
        double[] gradient = HostVectors.Noise(50, 4);
        using State<double> with = new(start, gradient);
        using State<double> without = new(start, gradient);
        double[] sums = with.Step(Adam with { LambdaL2Sp = 1000 });
        without.Step(Adam with { LambdaL2Sp = 0 });
        Assert.AreEqual(0, sums[0]);
        CollectionAssert.AreEqual(without.Weights.Data, with.Weights.Data);
    }

    [TestMethod]
    public void OptimizerStep_CoupledPull_EntersGradientAndNorm()
    {
        // w - w0 = 2, lambda 0.25: pull 2 * 0.25 * 2 = 1, gradient 1 + 2 = 3.
        using State<double> state = new([5], [2]);
        state.Anchor.Data[0] = 3;
        double[] sums = state.Step(new(1, 1, 0, 0, 0, 0, 0.25f, false, 1));
        CollectionAssert.AreEqual(new double[] { 4, 9 }, sums);
        Assert.AreEqual(4, state.Weights.Data[0], 1e-12);
    }

    [TestMethod]
    public void OptimizerStep_DecoupledPull_IsScaledByTheLearningRateAlone()
    {
        // As above, but the pull of 1 stays out of the moments: w - lr (2/2 + 1).
        using State<double> state = new([5], [2]);
        state.Anchor.Data[0] = 3;
        double[] sums = state.Step(new(1, 0.5f, 0, 0, 0, 0, 0.25f, true, 1));
        CollectionAssert.AreEqual(new double[] { 4, 4 }, sums);
        Assert.AreEqual(5 - (0.5 * 2), state.Weights.Data[0], 1e-12);
    }

    [TestMethod]
    public void OptimizerStep_Teacher_MovesAfterTheWeights()
    {
        // w goes 1 -> 0; the teacher 1 -> 0.75 * 1 + 0.25 * 0.
        using State<double> state = new([1], [1]);
        state.Step(new(1, 1, 0, 0, 0, 0, 0, false, 0.75f));
        Assert.AreEqual(0.75, state.Teacher.Data[0], 1e-12);
        state.Step(new(2, 1, 0, 0, 0, 0, 0, false, 1));
        Assert.AreEqual(0.75, state.Teacher.Data[0], 1e-12);
    }

    [TestMethod]
    public void OptimizerStep_NoAnchorNoTeacher_JustSteps()
    {
        using ReferenceBackend backend = new();
        HostVector<double> weights = HostVectors.Of<double>(1);
        HostVector<double> sums = new(2);
        backend.OptimizerStep(
            new(weights, HostVectors.Of<double>(2), new HostVector<double>(1), new HostVector<double>(1),
                null, null),
            new(1, 1, 0, 0, 0, 0, 1, false, 0.5f), sums);
        CollectionAssert.AreEqual(new double[] { 0, 4 }, sums.Data);
        Assert.AreEqual(0, weights.Data[0]);
    }

    [TestMethod]
    public void OptimizerStep_OneOrThreeThreads_GivesTheSameBits()
    {
        const int Count = 100_001;
        (float[] Weights, float[] Sums) Run(int threads)
        {
            using CpuBackend backend = new(threads);
            HostVector<float> weights = HostVectors.Of<float>(HostVectors.Noise(Count, 1));
            HostVector<float> sums = new(2);
            backend.OptimizerStep(
                new(weights, HostVectors.Of<float>(HostVectors.Noise(Count, 2)), new HostVector<float>(Count),
                    new HostVector<float>(Count), HostVectors.Of<float>(HostVectors.Noise(Count, 3)), null),
                Adam, sums);
            return (weights.Data, sums.Data);
        }

        (float[] weights1, float[] sums1) = Run(1);
        (float[] weights3, float[] sums3) = Run(3);
        CollectionAssert.AreEqual(weights1, weights3);
        CollectionAssert.AreEqual(sums1, sums3);

        // Weights and anchors from [-1, 1): the mean squared difference is 2/3.
        Assert.AreEqual(2.0 / 3, sums1[0] / Count, 0.01);
    }

    private static void AssertUntouched<T>(Func<T, int> bits)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        double[] start = [.. HostVectors.Noise(100, 8), 0.0, -0.0, 1e-40];
        double[] gradient = [.. HostVectors.Noise(100, 9), 1, -1, 1e30];
        using State<T> state = new(start, gradient);
        int[] before = [.. state.Weights.Data.Select(bits)];
        for (int t = 1; t <= 3; t++)
        {
            state.Step(Adam with { Step = t, LearningRate = 0 });
        }

        CollectionAssert.AreEqual(before, state.Weights.Data.Select(bits).ToArray());
        CollectionAssert.AreEqual(before, state.Teacher.Data.Select(bits).ToArray());
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance, $"element {i}");
        }
    }

    private sealed class State<T>(double[] weights, double[] gradient) : IDisposable
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        private readonly Backend _backend =
            typeof(T) == typeof(float) ? new CpuBackend(1) : new ReferenceBackend();
        private readonly HostVector<T> _first = new(weights.Length);
        private readonly HostVector<T> _second = new(weights.Length);

        public HostVector<T> Weights { get; } = HostVectors.Of<T>(weights);

        public HostVector<T> Gradient { get; } = HostVectors.Of<T>(gradient);

        public HostVector<T> Anchor { get; } = HostVectors.Of<T>(weights);

        public HostVector<T> Teacher { get; } = HostVectors.Of<T>(weights);

        public double[] Step(OptimizerStepOptions options)
        {
            HostVector<T> sums = new(2);
            _backend.Steps.OptimizerStep(new(Weights, Gradient, _first, _second, Anchor, Teacher), options, sums);
            return HostVectors.Read(sums);
        }

        public void Dispose()
        {
            _backend.Dispose();
            _first.Dispose();
            _second.Dispose();
            Weights.Dispose();
            Gradient.Dispose();
            Anchor.Dispose();
            Teacher.Dispose();
        }
    }
}
