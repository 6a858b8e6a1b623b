using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class WarmupCosineTests
{
    [TestMethod]
    [DataRow(1, 2e-7)]
    [DataRow(250, 5e-5)]
    [DataRow(500, 1e-4)]
    [DataRow(12750, 5.05e-5)]
    [DataRow(25000, 1e-6)]
    [DataRow(30000, 1e-6)]
    public void At_ThePapersSchedule_WarmsUpAndFollowsTheCosine(int step, double expected)
    {
        // Half-way down the cosine, (500 + 25000) / 2, lies the middle of peak and floor.
        Assert.AreEqual(expected, new WarmupCosine(AdaptationOptions.Paper).At(step), 1e-15);
    }

    [TestMethod]
    public void At_AThirdOfTheCosine_IsThreeQuartersOfTheWayUp()
    {
        // cos(pi / 3) = 1/2, so (1 + 1/2) / 2 of the distance between floor and peak is left.
        WarmupCosine schedule =
            new(new() { Iterations = 30, Warmup = 0, LearningRate = 1, LearningRateFloor = 0.2 });
        Assert.AreEqual(0.2 + (0.8 * 0.75), schedule.At(10), 1e-15);
    }

    [TestMethod]
    public void At_PeakZero_StaysZero()
    {
        WarmupCosine schedule = new(new() { LearningRate = 0 });
        Assert.AreEqual(0, schedule.At(1));
        Assert.AreEqual(0, schedule.At(25_000));
    }

    [TestMethod]
    public void At_WarmupAsLongAsTheRun_EndsAtThePeak()
    {
        WarmupCosine schedule = new(new() { Iterations = 10, Warmup = 10, LearningRate = 1e-4 });
        Assert.AreEqual(1e-4, schedule.At(10), 1e-18);
    }
}
