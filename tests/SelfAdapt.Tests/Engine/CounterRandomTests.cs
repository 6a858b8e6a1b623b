using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Engine;

[TestClass]
internal sealed class CounterRandomTests
{
    [TestMethod]
    public void Block_PublishedKnownAnswers_Match()
    {
        // Known-answer tests published with Philox4x32-10.
        Assert.AreEqual(
            (0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), CounterRandom.Block(0, 0, 0));
        Assert.AreEqual(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            CounterRandom.Block(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue));
        Assert.AreEqual(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            CounterRandom.Block(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e));
    }

    [TestMethod]
    public void UInt64_KeyZeroCounterZero_JoinsTheFirstTwoWords() =>
        Assert.AreEqual(0xe169c58d6627e8d5UL, CounterRandom.UInt64(0, 0));

    [TestMethod]
    public void Normal_KeyZeroCounterZero_IsBoxMullerOfTheWords()
    {
        double u = ((0x6627e8d5u >> 8) + 1) / 16777216.0;
        double v = (0xe169c58du >> 8) / 16777216.0;
        Assert.AreEqual(
            Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v), CounterRandom.Normal(0, 0), 1e-14);
    }

    [TestMethod]
    public void Normal_ManyDraws_HasTheRightMoments()
    {
        double[] x = [.. Enumerable.Range(0, 100_000).Select(i => CounterRandom.Normal(42, (ulong)i))];
        Assert.AreEqual(0, x.Average(), 0.01);
        Assert.AreEqual(1, x.Average(v => v * v), 0.02);
        Assert.AreEqual(3, x.Average(v => v * v * v * v), 0.15);
    }

    [TestMethod]
    public void Uniform_ManyDraws_IsFlatInZeroToOne()
    {
        double[] x = [.. Enumerable.Range(0, 100_000).Select(i => CounterRandom.Uniform(7, (ulong)i))];
        Assert.IsTrue(x.All(v => v is >= 0 and < 1));
        foreach (IGrouping<int, double> bin in x.GroupBy(v => (int)(10 * v)))
        {
            Assert.AreEqual(10_000, bin.Count(), 400);
        }
    }

    [TestMethod]
    public void Stream_Restored_GoesOnWhereItStopped()
    {
        RandomStream stream = new(5);
        stream.NextUInt64();
        stream.NextUniform();
        RandomStream restored = new(stream.Key, stream.Position);
        Assert.AreEqual(stream.NextUInt64(), restored.NextUInt64());
        Assert.AreEqual(stream.NextIndex(1000), restored.NextIndex(1000));
    }

    [TestMethod]
    public void Substream_SameName_IsTheSameWhateverWasDrawn()
    {
        RandomStream stream = new(5);
        ulong first = stream.Substream("crops").NextUInt64();
        stream.NextUInt64();
        Assert.AreEqual(first, stream.Substream("crops").NextUInt64());
        Assert.AreNotEqual(first, stream.Substream("noise").NextUInt64());
        Assert.AreNotEqual(first, new RandomStream(6).Substream("crops").NextUInt64());
    }

    [TestMethod]
    public void NextIndex_ManyDraws_ReachesEveryIndexEvenly()
    {
        RandomStream stream = new(9);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            counts[stream.NextIndex(7)]++;
        }

        Assert.IsTrue(counts.All(c => Math.Abs(c - 10_000) < 400));
    }
}
