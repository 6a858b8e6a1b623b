extern alias simulated;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using simulated::ILGPU;
using simulated::SelfAdapt.Kernels;
using static SelfAdapt.Tests.Gpu.Kernels.KernelLaunch;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>Quantiles, losses, augmentation and optimiser in the simulator against the cpu backend.</summary>
[TestClass]
internal sealed class VectorKernelTests
{
    private static readonly CpuBackend Host = new(1);
    private static readonly TensorShape Shape = new(2, 3, 5, 7);
    private static readonly ChannelMeaning[] Meanings =
        [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit];

    private static readonly int[] Kinds = [0, 0, 1];

    [TestMethod]
    [DataRow(0.2f, 0.8f, false)]
    [DataRow(0f, 1f, false)]
    [DataRow(0.37f, 0.5f, true)]
    public void Thresholds_TwoBatches_EqualTheHosts(float classQuantile, float regressionQuantile, bool probabilities)
    {
        HostVector<float> expected = new(12);
        DeviceArray<float> thresholds = new(new float[12]);
        for (ulong batch = 0; batch < 2; batch++)
        {
            // Rounded: many values occur several times.
            float[] mean = Numbers((int)Shape.Count, 20 + batch);
            mean = [.. mean
                .Select(v => MathF.Round(4 * v) / 4)
                .Select(v => probabilities ? 1 / (1 + MathF.Exp(-v)) : v)];
            float[] deviation = [.. Numbers((int)Shape.Count, 30 + batch).Select(v => MathF.Round(8 * v * v) / 8)];
            Host.UpdateThresholds(
                Vector(mean), Vector(deviation), Shape, Meanings, classQuantile, regressionQuantile, 0.9f,
                probabilities, expected);
            MoveThresholds(mean, deviation, classQuantile, regressionQuantile, probabilities, thresholds);
        }

        CollectionAssert.AreEqual(expected.Data, thresholds.Values.ToArray());
    }

    [TestMethod]
    public void Thresholds_NaNAndMissingClass_AreNaNAndUntouched()
    {
        float[] mean = [.. Enumerable.Repeat(-1f, (int)Shape.Count)];
        float[] deviation = [.. Enumerable.Repeat(2f, (int)Shape.Count)];
        deviation[3] = float.NaN;
        DeviceArray<float> thresholds = new(new float[12]);
        MoveThresholds(mean, deviation, 0.2f, 0.8f, false, thresholds);
        float[] t = thresholds.Values.ToArray();
        Assert.IsTrue(float.IsNaN(t[0]));
        Assert.AreEqual(2, t[4]);
        Assert.AreEqual(1 / (1 + Math.Exp(-1)), t[8], 1e-7);
        CollectionAssert.AreEqual(new float[] { 0, 1, 0 }, t[9..]);
    }

    [TestMethod]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void MaskedLoss_OddPlanes_AgreesWithTheHost(bool masks, bool soft)
    {
        int count = (int)Shape.Count;
        float[] student = Numbers(count, 1);
        float[] mean = Numbers(count, 2);
        float[] deviation = [.. Numbers(count, 3).Select(MathF.Abs)];
        float[] thresholds = [0.7f, 0, 1, 0, 0.9f, 0, 1, 0, 0.6f, 0.7f, 1, 1];
        (HostVector<float> slope, HostVector<float> report) = (new(count), new(6));
        Host.MaskedLoss(
            Vector(student), Vector(mean), Vector(deviation), Shape, Meanings, new(0.5f, masks, masks, soft, false),
            Vector(thresholds), slope, report);

        const int Chunks = 3;
        DeviceArray<float> gradient = new(count);
        DeviceArray<float> partial = new(6 * Chunks * 2);
        DeviceArray<float> sums = new(6);
        DeviceArray<int> kinds = new(Kinds);
        (float perLogit, float perRegression) = (1f / 70, 1f / 140);
        (int mask, int softLabels) = (masks ? 1 : 0, soft ? 1 : 0);
        Grid(
            "Losses.Masked", (Chunks, 6, 1), (8, 1, 1), Of(student), Of(mean), Of(deviation), Of(thresholds),
            kinds.View, gradient.View, partial.View, 3, 35, mask, mask, softLabels, 0, 0.5f, perLogit, perRegression);
        Grid(
            "Losses.FinishMasked", (1, 1, 1), (4, 1, 1), partial.View, kinds.View, sums.View, 3, 2, Chunks, 35, 0.5f,
            perLogit, perRegression);

        AssertClose(slope, gradient.Values, 1e-8);
        AssertClose(report, sums.Values, 1e-6);
    }

    [TestMethod]
    public void SupervisedLoss_OddPlanes_AgreesWithTheHost()
    {
        int count = (int)Shape.Count;
        float[] output = Numbers(count, 1);
        float[] flow = Numbers(2 * 2 * 35, 2);
        float[] cell = [.. Numbers(2 * 35, 3).Select(v => v > 0 ? 1f : 0)];
        (HostVector<float> slope, HostVector<float> report) = (new(count), new(3));
        Host.SupervisedLoss(Vector(output), Shape, Meanings, Vector(cell), Vector(flow), 5, slope, report);

        DeviceArray<float> gradient = new(count);
        DeviceArray<float> partial = new(2 * 2 * 2);
        DeviceArray<float> sums = new(3);
        Grid(
            "Losses.Supervised", (2, 2, 1), (8, 1, 1), Of(output), Of(cell), Of(flow), gradient.View, partial.View, 3,
            2, 0, 2, 35, 5f, 1f / 70, 1f / 140, -1f);
        Grid("Losses.FinishSupervised", (1, 1, 1), (4, 1, 1), partial.View, sums.View, 4, 1f / 70, 1f / 140);

        AssertClose(slope, gradient.Values, 1e-7);
        AssertClose(report, sums.Values, 1e-5);
    }

    [TestMethod]
    public void Augment_AllSteps_DrawsTheHostsNumbers()
    {
        TensorShape shape = new(3, 2, 6, 9);
        int count = (int)shape.Count;
        float[] source = [.. Numbers(count, 1).Select(v => v + 0.5f)];
        source.AsSpan(54, 54).Clear();
        StrongAugmentation[] samples =
        [
            new(true, true, 1.2f, 0.7f, 1.3f, 0.1f, 0x123456789ABCDEF),
            new(true, false, 0.8f, 1.4f, 0, 0.2f, 77),
            new(false, false, 0.8f, 1.4f, 2, 0.2f, 78),
        ];
        HostVector<float> expected = new(count);
        Host.StrongAugment(Vector(source), shape, samples, expected);

        DeviceArray<float> table = new([.. samples.SelectMany(s => new[]
        {
            s.Apply ? 1 : 0, s.ContrastFirst ? 1 : 0, s.Brightness, s.Contrast, s.BlurSigma, s.NoiseSigma,
        })]);
        DeviceArray<uint> seeds =
            new([.. samples.SelectMany(s => new[] { (uint)s.NoiseSeed, (uint)(s.NoiseSeed >> 32) })]);
        (DeviceArray<float> partial, DeviceArray<float> a, DeviceArray<float> b) = (new(24), new(count), new(count));
        Grid("Augment.PlaneSums", (2, 6, 1), (8, 1, 1), Of(source), table.View, partial.View, 2, 54);
        Each("Augment.Intensity", count, Of(source), table.View, partial.View, a.View, 2, 54, 2, count);
        Each("Augment.BlurRows", count, a.View, table.View, partial.View, b.View, 2, 9, 54, 2, count);
        Each("Augment.BlurColumns", count, b.View, table.View, seeds.View, partial.View, a.View, 2, 9, 54, 2, count);

        AssertClose(expected, a.Values, 1e-6);
    }

    [TestMethod]
    [DataRow(0.01f, false, 0.9f)]
    [DataRow(0.01f, true, 1f)]
    [DataRow(0f, false, 0.5f)]
    public void Optimizer_ThreeSteps_AgreesWithTheHost(float rate, bool decoupled, float keep)
    {
        const int Count = 77;
        float[][] state = [.. Enumerable.Range(0, 4).Select(i => Numbers(Count, (ulong)i))];
        HostVector<float>[] host = [.. state.Select(Vector), new(Count), new(Count)];
        DeviceArray<float>[] device = [.. host.Select(v => new DeviceArray<float>(v.Data))];
        HostVector<float> report = new(2);
        DeviceArray<float> partial = new(10);
        DeviceArray<float> sums = new(2);
        for (int step = 1; step <= 3; step++)
        {
            OptimizerStepOptions o = new(step, rate, 0.1f, 0.9f, 0.999f, 1e-8f, 0.03f, decoupled, keep);
            Host.OptimizerStep(new(host[0], host[1], host[4], host[5], host[2], host[3]), o, report);

            float pull = 2 * o.LambdaL2Sp;
            Grid(
                "Optimizer.Step", (5, 1, 1), (8, 1, 1), device[0].View, device[1].View, device[4].View, device[5].View,
                device[2].View, device[3].View, partial.View,
                new OptimizerNumbers(
                    rate, o.WeightDecay, o.Beta1, 1 - o.Beta1, o.Beta2, 1 - o.Beta2,
                    (float)(1 / (1 - Math.Pow(o.Beta1, step))), (float)(1 / Math.Sqrt(1 - Math.Pow(o.Beta2, step))),
                    o.Epsilon, decoupled ? 0 : pull, decoupled ? pull : 0, 1 - keep),
                keep != 1 ? OptimizerFlags.Anchor | OptimizerFlags.Teacher : OptimizerFlags.Anchor, 16, Count);
            Grid("Optimizer.Finish", (1, 1, 1), (4, 1, 1), partial.View, sums.View, 5);
        }

        for (int i = 0; i < host.Length; i++)
        {
            AssertClose(host[i], device[i].Values, 1e-6);
        }

        AssertClose(report, sums.Values, 1e-4);
    }

    private static void MoveThresholds(
        float[] mean, float[] deviation, float classQuantile, float regressionQuantile, bool probabilities,
        DeviceArray<float> thresholds)
    {
        const int Tasks = 6;
        DeviceArray<uint> state = new(Tasks * 272);
        DeviceArray<int> kinds = new(Kinds);
        (DeviceArray<float> m, DeviceArray<float> d, int p) = (new(mean), new(deviation), probabilities ? 1 : 0);
        Each("Thresholds.Clear", Tasks * 272, state.View, Tasks);
        for (int pass = 0; pass < 4; pass++)
        {
            Grid("Thresholds.Count", (3, Tasks, 1), (4, 1, 1), m.View, d.View, kinds.View, state.View, 3, 35, 2, p,
                pass);
            Each("Thresholds.Select", Tasks, state.View, kinds.View, classQuantile, regressionQuantile, Tasks, pass);
        }

        Grid("Thresholds.Next", (3, Tasks, 1), (4, 1, 1), m.View, d.View, kinds.View, state.View, 3, 35, 2, p);
        Each(
            "Thresholds.Move", Tasks, state.View, kinds.View, thresholds.View, classQuantile, regressionQuantile, 0.9f,
            Tasks);
    }

    private static ArrayView<float> Of(float[] values) => new DeviceArray<float>(values).View;

    private static HostVector<float> Vector(float[] values)
    {
        HostVector<float> vector = new(values.Length);
        values.CopyTo(vector.Data, 0);
        return vector;
    }

    private static void AssertClose(HostVector<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        for (int i = 0; i < actual.Length; i++)
        {
            Assert.AreEqual(expected.Data[i], actual[i], tolerance, $"value {i}");
        }
    }
}
