using SelfAdapt.Adaptation.Supervised;

namespace SelfAdapt.Tests.Adaptation.Supervised;

[TestClass]
internal sealed class EpochScheduleTests
{
    [TestMethod]
    public void Create_ShortRun_WarmsUpAndStays()
    {
        double[] rates = EpochSchedule.Create(0.9, 100);
        Assert.HasCount(100, rates);
        for (int epoch = 0; epoch < 10; epoch++)
        {
            Assert.AreEqual(0.1 * epoch, rates[epoch], 1e-12);
        }

        Assert.IsTrue(rates[10..].All(rate => rate == 0.9));
    }

    [TestMethod]
    [DataRow(101, 5)]
    [DataRow(300, 5)]
    [DataRow(301, 10)]
    [DataRow(2000, 10)]
    public void Create_LongerRun_HalvesTenTimesAtTheEnd(int epochs, int plateau)
    {
        double[] rates = EpochSchedule.Create(0.005, epochs);
        Assert.HasCount(epochs, rates);
        int decay = epochs - (10 * plateau);
        Assert.AreEqual(0.005, rates[decay - 1]);
        for (int i = 0; i < 10; i++)
        {
            Assert.IsTrue(
                rates.Skip(decay + (i * plateau)).Take(plateau).All(r => r == 0.005 / Math.Pow(2, i + 1)));
        }

        Assert.AreEqual(0.005 / 1024, rates[^1]);
    }

    [TestMethod]
    public void Create_FewerEpochsThanTheWarmUp_CutsItOff() =>
        CollectionAssert.AreEqual(new[] { 0, 0.1, 0.2 }, EpochSchedule.Create(0.9, 3));

    [TestMethod]
    public void Create_NoEpochs_IsRefused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => EpochSchedule.Create(0.1, 0));
}
