using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class ThresholdTests
{
    private static readonly ReferenceBackend Backend = new();

    [TestMethod]
    [DataRow(0.0, 1.0)]
    [DataRow(0.2, 1.8)]
    [DataRow(0.5, 4.0)]
    [DataRow(0.8, 6.6)]
    [DataRow(1.0, 9.0)]
    public void Quantile_FiveValues_InterpolatesLinearly(double q, double expected)
    {
        // Sorted 1 2 4 6 9: position q * 4.
        double[] values = [6, 1, 9, 4, 2];
        Assert.AreEqual(expected, HostBackend<double>.Quantile(values, q)!.Value, 1e-12);
    }

    [TestMethod]
    public void Quantile_ManyValuesWithTies_EqualsSorting()
    {
        for (int n = 1; n < 60; n++)
        {
            double[] values = [.. HostVectors.Noise(n, (ulong)n).Select(v => Math.Round(5 * v))];
            double[] sorted = [.. values.Order()];
            foreach (double q in new[] { 0, 0.2, 0.37, 0.8, 1 })
            {
                double position = q * (n - 1);
                int low = (int)position;
                double high = sorted[Math.Min(low + 1, n - 1)];
                double expected = sorted[low] + ((high - sorted[low]) * (position - low));
                Assert.AreEqual(expected, HostBackend<double>.Quantile([.. values], q)!.Value, 1e-12);
            }
        }
    }

    [TestMethod]
    public void Quantile_NoValuesOrNaN_IsNullOrNaN()
    {
        Assert.IsNull(HostBackend<double>.Quantile([], 0.5));
        Assert.IsTrue(double.IsNaN(HostBackend<double>.Quantile([1, double.NaN, 2], 0.5)!.Value));
    }

    [TestMethod]
    public void UpdateThresholds_TwoBatches_StartsAtTheFirstAndMovesTowardsTheSecond()
    {
        HostVector<double> thresholds = new(8);
        ChannelMeaning[] channels = [ChannelMeaning.Scalar, ChannelMeaning.Logit];

        // Foreground confidences .75 and .9, background .8 only; deviations 0 1 2 3.
        double[] mean = [0, 0, 0, 0, Math.Log(3), Math.Log(9), -Math.Log(4), -Math.Log(4)];
        double[] deviation = [3, 1, 0, 2, 0, 0, 0, 0];
        Update(mean, deviation, channels, thresholds);
        Assert.AreEqual(2.4, thresholds.Data[0], 1e-6);
        Assert.AreEqual(0.8, thresholds.Data[4], 1e-12);
        Assert.AreEqual(0.75 + (0.2 * 0.15), thresholds.Data[5], 1e-6);
        CollectionAssert.AreEqual(new double[] { 1, 0 }, thresholds.Data[2..4]);
        CollectionAssert.AreEqual(new double[] { 1, 1 }, thresholds.Data[6..8]);

        // Then all foreground at .5 < p = .6: the background threshold stays.
        mean = [0, 0, 0, 0, .. Enumerable.Repeat(Math.Log(1.5), 4)];
        Update(mean, new double[8], channels, thresholds);
        Assert.AreEqual(0.99 * 2.4, thresholds.Data[0], 1e-6);
        Assert.AreEqual(0.8, thresholds.Data[4], 1e-12);
        Assert.AreEqual((0.99 * 0.78) + (0.01 * 0.6), thresholds.Data[5], 1e-6);
    }

    [TestMethod]
    public void UpdateThresholds_MeanIsProbability_TakesItAsItIs()
    {
        HostVector<double> thresholds = new(4);
        HostVector<double> mean = HostVectors.Of<double>(0.9, 0.7, 0.4, 0.1);
        Backend.UpdateThresholds(
            mean, new HostVector<double>(4), new(1, 1, 2, 2), [ChannelMeaning.Logit], 0f, 0.8f, 0.99f, true,
            thresholds);
        Assert.AreEqual(0.6, thresholds.Data[0], 1e-12);
        Assert.AreEqual(0.7, thresholds.Data[1], 1e-12);
    }

    [TestMethod]
    public void UpdateThresholds_SureFloatNetwork_KeepsItsPixels()
    {
        // Confidences round to 1 in float: the threshold is 1 and must still be reached.
        using CpuBackend backend = new(1);
        HostVector<float> mean = HostVectors.Of<float>(18, 18.5, 19, -18);
        HostVector<float> thresholds = new(4);
        HostVector<float> sums = new(4);
        ChannelMeaning[] channels = [ChannelMeaning.Logit];
        TensorShape shape = new(1, 1, 2, 2);
        backend.UpdateThresholds(
            mean, new HostVector<float>(4), shape, channels, 0.2f, 0.8f, 0.99f, false, thresholds);
        backend.MaskedLoss(
            mean, mean, new HostVector<float>(4), shape, channels, new(0.5f, true, true, false, false),
            thresholds, new HostVector<float>(4), sums);
        Assert.AreEqual(1f, sums.Data[3]);
    }

    [TestMethod]
    public void UpdateThresholds_TorchTrace_GivesItsThresholdsAndKeptFractions()
    {
        float[] mean =
            HostVectors.ReadNpy(SharedData.Path("golden", "cellpose_run", "selfadapt_teacher_mean.npy"));
        float[] flowDeviation =
            HostVectors.ReadNpy(SharedData.Path("golden", "cellpose_run", "selfadapt_teacher_std.npy"));
        TensorShape shape = new(4, 3, 96, 96);
        int plane = 96 * 96;
        float[] deviation = new float[mean.Length];
        for (int n = 0; n < 4; n++)
        {
            flowDeviation.AsSpan(n * 2 * plane, 2 * plane).CopyTo(deviation.AsSpan(n * 3 * plane));
        }

        using CpuBackend backend = new(1);
        using DeviceVector means = Upload(backend, mean);
        using DeviceVector deviations = Upload(backend, deviation);
        ChannelMeaning[] channels =
            [ChannelMeaning.VectorRow, ChannelMeaning.VectorColumn, ChannelMeaning.Logit];
        using DeviceVector thresholds = backend.CreateVector(12);
        backend.UpdateThresholds(means, deviations, shape, channels, 0.2f, 0.8f, 0.99f, false, thresholds);
        using DeviceVector gradient = backend.CreateVector(mean.Length);
        using DeviceVector sums = backend.CreateVector(6);
        backend.MaskedLoss(
            means, means, deviations, shape, channels, new(0.5f, true, true, false, false), thresholds,
            gradient, sums);

        // 0.8 in single precision shifts the position in the sample by 4e-4 of a gap of 6e-5.
        float[] t = Download(thresholds);
        Assert.AreEqual(0.05422851070761689, t[0], 5e-8);
        Assert.AreEqual(0.05241061300039292, t[4], 5e-8);
        Assert.AreEqual(0.9970102310180664, t[8], 1e-7);
        Assert.AreEqual(0.8169924736022949, t[9], 1e-7);
        float[] s = Download(sums);
        Assert.AreEqual(0.7999945878982544, s[3], 1e-7);
        Assert.AreEqual(0.7999945878982544, s[4], 1e-7);
        Assert.AreEqual(0.8000217080116272, s[5], 1e-7);
        Assert.AreEqual(0, s[1]);
    }

    private static void Update(
        double[] mean, double[] deviation, ChannelMeaning[] channels, HostVector<double> thresholds) =>
        Backend.UpdateThresholds(
            HostVectors.Of<double>(mean), HostVectors.Of<double>(deviation), new(1, channels.Length, 2, 2),
            channels, 0.2f, 0.8f, 0.99f, false, thresholds);

    private static DeviceVector Upload(Backend backend, float[] values)
    {
        DeviceVector vector = backend.CreateVector(values.Length);
        vector.Upload(values);
        return vector;
    }

    private static float[] Download(DeviceVector vector)
    {
        float[] values = new float[vector.Length];
        vector.Download(values);
        return values;
    }
}
