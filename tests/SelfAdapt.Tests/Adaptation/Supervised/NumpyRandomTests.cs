using SelfAdapt.Adaptation.Supervised;

namespace SelfAdapt.Tests.Adaptation.Supervised;

/// <summary>Values of NumPy's own legacy generator (docs/cellpose.md 8.7).</summary>
[TestClass]
internal sealed class NumpyRandomTests
{
    [TestMethod]
    public void NextDouble_SeedZero_MatchesNumPy()
    {
        NumpyRandom random = new(0);
        foreach (double expected in new[] { 0.5488135, 0.71518937, 0.60276338, 0.54488318, 0.4236548 })
        {
            Assert.AreEqual(expected, random.NextDouble(), 1e-8);
        }
    }

    [TestMethod]
    public void NextDouble_BeyondOneStateLength_MatchesNumPy()
    {
        NumpyRandom random = new(0);
        double last = 0;
        for (int i = 0; i < 700; i++)
        {
            last = random.NextDouble();
        }

        Assert.AreEqual(0.8427768626848423, last);
    }

    [TestMethod]
    public void NextDouble_LargestSeed_MatchesNumPy() =>
        Assert.AreEqual(0.09763203, new NumpyRandom(uint.MaxValue).NextDouble(), 1e-8);

    [TestMethod]
    public void Permutation_SeedZero_MatchesNumPyAndLeavesItsState()
    {
        NumpyRandom random = new(0);
        Assert.AreEqual("6 2 1 7 3 0 5 4", string.Join(' ', random.Permutation(8)));
        Assert.AreEqual(0.64589411, random.NextDouble(), 1e-8);
    }

    [TestMethod]
    public void Permutation_SeveralLengths_MatchesNumPy()
    {
        NumpyRandom random = new(3);
        Assert.AreEqual("0", string.Join(' ', random.Permutation(1)));
        Assert.AreEqual("3 4 1 0 2", string.Join(' ', random.Permutation(5)));
        Assert.AreEqual("10 6 4 7 9 1 11 2 3 5 0 12 8", string.Join(' ', random.Permutation(13)));
    }
}
