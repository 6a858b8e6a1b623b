using SelfAdapt.Adaptation.Signals;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class StoppingSignalsTests
{
    [TestMethod]
    public void EmbeddingDistance_TwoImages_IsTheMeanOfTheNorms()
    {
        // (3, 4) apart by 5; (0, 1) to (1, 0) by sqrt 2.
        double distance = StoppingSignals.EmbeddingDistance([0, 0, 0, 1], [3, 4, 1, 0], 2);
        Assert.AreEqual((5 + Math.Sqrt(2)) / 2, distance, 1e-15);
    }

    [TestMethod]
    public void EmbeddingDistance_TwentyNineDegrees_IsAHalf()
    {
        // The chord of angle a is 2 sin(a / 2): 0.5 at 28.955 degrees.
        double angle = 2 * Math.Asin(0.25);
        double distance = StoppingSignals.EmbeddingDistance(
            [1, 0], [(float)Math.Cos(angle), (float)Math.Sin(angle)], 2);
        Assert.AreEqual(0.5, distance, 1e-7);
    }

    [TestMethod]
    public void EmbeddingDistance_LengthsDiffer_Throws() => Assert.ThrowsExactly<ArgumentException>(
        () => StoppingSignals.EmbeddingDistance([1, 2, 3], [1, 2, 3], 2));

    [TestMethod]
    public void MeanConfidence_EitherClass_TakesThePredictedOnes() => Assert.AreEqual(
        (0.75 + 0.8) / 2, StoppingSignals.MeanConfidence([(float)Math.Log(3), -(float)Math.Log(4)]), 1e-7);

    [TestMethod]
    public void ViewVariance_Deviations_AreSquared() =>
        Assert.AreEqual((4 + 9) / 2.0, StoppingSignals.ViewVariance([2, 3]), 1e-15);
}
