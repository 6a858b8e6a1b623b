using SelfAdapt.Reporting;

namespace SelfAdapt.Tests.Reporting;

/// <summary>How sure figures are said to be.</summary>
[TestClass]
internal sealed class UncertaintyTests
{
    [TestMethod]
    public void OfFraction_WilsonsInterval()
    {
        // Wilson (1927) for 10 of 100 and 0 of 10, as statistics packages give it.
        (double low, double high) = Uncertainty.OfFraction(0.1, 100);
        Assert.AreEqual(0.0552, low, 1e-4);
        Assert.AreEqual(0.1744, high, 1e-4);
        (low, high) = Uncertainty.OfFraction(0, 10);
        Assert.AreEqual(0, low, 1e-12);
        Assert.AreEqual(0.2775, high, 1e-4);
        Assert.AreEqual((0, 1), Uncertainty.OfFraction(0, 0));
    }

    [TestMethod]
    public void PairedDifference_MeansAndStandardError()
    {
        // Differences 0.1, 0.2, 0.3: standard deviation 0.1, of the mean 0.1 / sqrt(3).
        PairedDifference difference = PairedDifference.Of([(0.1, 0.2), (0.2, 0.4), (0.3, 0.6)]);
        Assert.AreEqual(0.2, difference.Before, 1e-12);
        Assert.AreEqual(0.4, difference.After, 1e-12);
        Assert.AreEqual(0.1 / Math.Sqrt(3), difference.StandardError!.Value, 1e-12);
        Assert.AreEqual(1, difference.Sign);
    }

    [TestMethod]
    public void PairedDifference_ImagesDisagree_OrOneImage_IsNoClearDifference()
    {
        Assert.AreEqual(0, PairedDifference.Of([(0.2, 0.6), (0.6, 0.3)]).Sign);
        Assert.AreEqual(-1, PairedDifference.Of([(0.6, 0.2)]).Sign);
        Assert.IsNull(PairedDifference.Of([(0.6, 0.2)]).StandardError);
        Assert.AreEqual(0, PairedDifference.Of([(0.6, 0.604)]).Sign);
    }
}
