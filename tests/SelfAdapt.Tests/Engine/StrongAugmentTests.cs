using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class StrongAugmentTests
{
    private static readonly StrongAugmentation Neutral = new(true, false, 1, 1, 0, 0, 11);

    [TestMethod]
    public void StrongAugment_NotApplied_CopiesTheSample()
    {
        double[] image = HostVectors.Noise(18, 1);
        double[] result = Run(image, new(2, 1, 3, 3), Neutral with { Apply = false }, Neutral);
        CollectionAssert.AreEqual(image[..9], result[..9]);
        CollectionAssert.AreEqual(image[9..].Select(v => Math.Max(0, v)).ToArray(), result[9..]);
    }

    [TestMethod]
    public void StrongAugment_BrightnessAndContrast_FollowTheirOrder()
    {
        // -1 3, mean 1. Brightness 0.5 first: 0 1.5, mean 0.75, contrast 2: max(0, -0.75), 2.25.
        // Contrast 2 first: max(0, -3), 5; then half: 0 2.5.
        double[] image = [-1, 3];
        StrongAugmentation change = Neutral with { Brightness = 0.5f, Contrast = 2 };
        AssertClose([0, 2.25], Run(image, new(1, 1, 1, 2), change));
        AssertClose([0, 2.5], Run(image, new(1, 1, 1, 2), change with { ContrastFirst = true }));
    }

    [TestMethod]
    public void StrongAugment_BlurredImpulse_IsTheNormalisedKernel()
    {
        double[] image = new double[21 * 21];
        image[(10 * 21) + 10] = 1;
        double[] blurred = Run(image, new(1, 1, 21, 21), Neutral with { BlurSigma = 1.5f });
        Assert.AreEqual(1, blurred.Sum(), 1e-12);
        double[] weights = [.. Enumerable.Range(-5, 11).Select(k => Math.Exp(-k * k / 4.5))];
        double total = weights.Sum();
        for (int dy = -7; dy <= 7; dy++)
        {
            for (int dx = -7; dx <= 7; dx++)
            {
                double expected = Math.Max(Math.Abs(dy), Math.Abs(dx)) <= 5
                    ? weights[dy + 5] * weights[dx + 5] / (total * total)
                    : 0;
                Assert.AreEqual(expected, blurred[((10 + dy) * 21) + 10 + dx], 1e-12);
            }
        }
    }

    [TestMethod]
    public void StrongAugment_BlurAtTheBorder_MirrorsWithoutTheEdge()
    {
        // sigma 1/3 has radius 1: weights e, 1, e over 1 + 2e with e = exp(-4.5). Left of column 0 lies
        // column 1.
        double e = Math.Exp(-4.5);
        double[] blurred = Run([1, 2, 4], new(1, 1, 1, 3), Neutral with { BlurSigma = 1f / 3 });
        double n = 1 + (2 * e);
        AssertClose([(1 + (4 * e)) / n, (2 + (5 * e)) / n, (4 + (4 * e)) / n], blurred, 1e-6);
    }

    [TestMethod]
    public void StrongAugment_WideBlurOfATinyConstantImage_LeavesItConstant()
    {
        double[] blurred = Run([2, 2, 2, 2, 2, 2], new(1, 1, 2, 3), Neutral with { BlurSigma = 2 });
        AssertClose([2, 2, 2, 2, 2, 2], blurred);
        AssertClose([3], Run([3], new(1, 1, 1, 1), Neutral with { BlurSigma = 2 }));
    }

    [TestMethod]
    public void StrongAugment_Noise_HasItsDeviationAndPerPixelCounters()
    {
        double[] image = Enumerable.Repeat(0.5, 2 * 100 * 100).ToArray();
        double[] noisy = Run(image, new(1, 2, 100, 100), Neutral with { NoiseSigma = 0.25f });
        double mean = noisy.Average();
        Assert.AreEqual(0.5, mean, 0.01);
        Assert.AreEqual(0.25, Math.Sqrt(noisy.Average(v => (v - mean) * (v - mean))), 0.005);
        foreach (int at in new[] { 0, 123, 10_000, 19_999 })
        {
            Assert.AreEqual(0.5 + (0.25 * CounterRandom.Normal(11, (ulong)at)), noisy[at], 1e-12);
        }
    }

    [TestMethod]
    public void StrongAugment_SameSeed_GivesTheSameBits()
    {
        double[] image = HostVectors.Noise(64, 2);
        StrongAugmentation change = new(true, true, 1.3f, 0.7f, 0.8f, 0.2f, 99);
        CollectionAssert.AreEqual(Run(image, new(1, 1, 8, 8), change), Run(image, new(1, 1, 8, 8), change));
        CollectionAssert.AreNotEqual(
            Run(image, new(1, 1, 8, 8), change),
            Run(image, new(1, 1, 8, 8), change with { NoiseSeed = 100 }));
    }

    [TestMethod]
    public void StrongAugment_AbsentChannel_StaysZero()
    {
        double[] image = [.. Enumerable.Repeat(1.0, 16), .. new double[16]];
        double[] result =
            Run(image, new(1, 2, 4, 4), new StrongAugmentation(true, false, 1.5f, 1.5f, 1, 0.2f, 3));
        Assert.IsTrue(result[16..].All(v => v == 0));
        Assert.IsTrue(result[..16].All(v => v != 0));
    }

    [TestMethod]
    public void StrongAugment_Float_AgreesWithDouble()
    {
        double[] image = HostVectors.Noise(2 * 2 * 12 * 9, 6);
        StrongAugmentation[] samples =
            [new(true, true, 1.3f, 0.7f, 1.8f, 0.2f, 99), new(true, false, 0.4f, 1.7f, 0.3f, 0.1f, 7)];
        HostVector<float> target = new(image.Length);
        using CpuBackend backend = new(1);
        backend.StrongAugment(HostVectors.Of<float>(image), new(2, 2, 12, 9), samples, target);
        AssertClose(Run(image, new(2, 2, 12, 9), samples), HostVectors.Read(target), 1e-6);
    }

    private static double[] Run(double[] image, TensorShape shape, params StrongAugmentation[] samples)
    {
        HostVector<double> target = new(image.Length);
        using ReferenceBackend backend = new();
        backend.StrongAugment(HostVectors.Of<double>(image), shape, samples, target);
        return target.Data;
    }

    private static void AssertClose(double[] expected, double[] actual, double tolerance = 1e-12)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance, $"element {i}");
        }
    }
}
