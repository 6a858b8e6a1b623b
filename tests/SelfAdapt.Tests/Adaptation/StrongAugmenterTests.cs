using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class StrongAugmenterTests
{
    [TestMethod]
    public void Draw_ManySamples_StaysInTheRangesAndFillsThem()
    {
        StrongAugmentation[] samples = Draw(new(), 20_000);
        Assert.AreEqual(0.75, samples.Average(s => s.Apply ? 1.0 : 0), 0.01);
        Assert.AreEqual(0.5, samples.Average(s => s.ContrastFirst ? 1.0 : 0), 0.01);
        AssertEven([.. samples.Select(s => (double)s.Brightness)], 0.2, 1.8);
        AssertEven([.. samples.Select(s => (double)s.Contrast)], 0.2, 1.8);
        AssertEven([.. samples.Select(s => (double)s.BlurSigma)], 0.1, 2);
        Assert.IsTrue(samples.All(s => s.NoiseSigma == 0.2f));
        Assert.AreEqual(samples.Length, samples.Select(s => s.NoiseSeed).Distinct().Count());
    }

    [TestMethod]
    public void Draw_SwitchedOff_AppliesNothingAndTakesTheSameNumbers()
    {
        RandomStream on = new(3);
        RandomStream off = new(3);
        StrongAugmentation[] samples = new StrongAugmentation[50];
        new StrongAugmenter(new()).Draw(on, samples);
        new StrongAugmenter(new() { UseStrongAugmentation = false }).Draw(off, samples);
        Assert.IsTrue(samples.All(s => !s.Apply));
        Assert.AreEqual(on.Position, off.Position);
    }

    [TestMethod]
    public void Draw_SameSeed_GivesTheSameEntries() =>
        CollectionAssert.AreEqual(Draw(new(), 20), Draw(new(), 20));

    private static StrongAugmentation[] Draw(AdaptationOptions options, int count)
    {
        StrongAugmentation[] samples = new StrongAugmentation[count];
        new StrongAugmenter(options).Draw(new RandomStream(1), samples);
        return samples;
    }

    private static void AssertEven(double[] values, double low, double high)
    {
        // float rounding of the range's ends: 1e-7.
        Assert.IsTrue(values.All(v => v >= low - 1e-7 && v <= high + 1e-7));
        Assert.AreEqual((low + high) / 2, values.Average(), 0.02);
        double share = values.Count(v => v < low + ((high - low) / 4)) / (double)values.Length;
        Assert.AreEqual(0.25, share, 0.02);
    }
}
