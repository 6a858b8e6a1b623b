using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Engine;

/// <summary>What ranks do together.</summary>
[TestClass]
internal sealed class RankOperationTests
{
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(5)]
    public void Sum_AddsInTheOrderOfTheRanks_SameBitsOnAll(int count)
    {
        // A length that no number of ranks divides, and values whose sum depends on the order.
        float[][] given = [.. Enumerable.Range(0, count).Select(r => OperationCase.Noise(1003, (ulong)r))];
        float[] expected = [.. Enumerable.Range(0, 1003).Select(i => (float)given.Aggregate(0.0, (sum, g) => sum + g[i]))];
        foreach (float[] summed in ThreadRanks.Run(count, ranks =>
        {
            float[] values = [.. given[ranks.Index]];
            ranks.Sum(values);
            return values;
        }))
        {
            CollectionAssert.AreEqual(expected, summed);
        }
    }

    [TestMethod]
    public void Divide_EveryItemOnce_InOrder_AlsoWithFewerItemsThanRanks()
    {
        foreach (int[] done in ThreadRanks.Run(3, ranks => ranks.Divide([4, 5], i => new int[i])
            .Concat(ranks.Divide([.. Enumerable.Range(0, 10)], i => (int[])[i * i, ranks.Index])).ToArray()))
        {
            CollectionAssert.AreEqual(
                (int[])[.. new int[9], 0, 0, 1, 0, 4, 0, 9, 0, 16, 1, 25, 1, 36, 1, 49, 2, 64, 2, 81, 2], done);
        }
    }

    [TestMethod]
    public void Divide_NumbersRunAwayOnOneRank_AllEnd()
    {
        SelfAdaptException?[] ends = ThreadRanks.Run(3, ranks =>
        {
            try
            {
                ranks.Divide([0, 1, 2], i => i == 1 ? throw new SelfAdaptException(ErrorKind.Numerics, "image 1") : new int[1]);
                return null;
            }
            catch (SelfAdaptException e)
            {
                return e;
            }
        });
        Assert.IsTrue(ends.All(e => e is { Kind: ErrorKind.Numerics }));
        Assert.AreEqual("image 1", ends[1]!.Message);
    }

    [TestMethod]
    public void AnyAndOfFirst_AreTheSameOnAll()
    {
        CollectionAssert.AreEqual(
            (bool[])[true, true, true], ThreadRanks.Run(3, ranks => ranks.Any(ranks.Index == 2)));
        CollectionAssert.AreEqual((bool[])[false, false], ThreadRanks.Run(2, ranks => ranks.Any(false)));
        CollectionAssert.AreEqual((int[])[7, 7, 7], ThreadRanks.Run(3, ranks => ranks.OfFirst(7 + ranks.Index)));
    }

    [TestMethod]
    public void BatchShare_NeighboursToEach_AndTheirValuesInOrder()
    {
        (int, int)[] shares = ThreadRanks.Run(3, ranks =>
        {
            BatchShare share = new(ranks, 8);
            int[] all = new int[16];
            share.Gather<int>([.. Enumerable.Range(2 * share.First, 2 * share.Own)], all);
            CollectionAssert.AreEqual(Enumerable.Range(0, 16).ToArray(), all);
            CollectionAssert.AreEqual((int[])[10, 20], share.OfFirst<int>(ranks.Index == 0 ? [10, 20] : [1, 2]));
            return (share.First, share.Own);
        });
        CollectionAssert.AreEqual(((int, int)[])[(0, 3), (3, 3), (6, 2)], shares);
    }
}
