using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class OrientationsTests
{
    [TestMethod]
    public void Of_ThePapersSix_AreFlipsAndTurns() => CollectionAssert.AreEqual(
        new[]
        {
            Orientation.Identity, Orientation.FlipRows, Orientation.FlipColumns, Orientation.Rotate90, Orientation.Rotate180, Orientation.Rotate270,
        },
        Orientations.Of(AdaptationOptions.Paper).ToArray());

    [TestMethod]
    public void Of_AveragingOff_IsTheIdentityAlone() => CollectionAssert.AreEqual(
        new[] { Orientation.Identity }, Orientations.Of(new() { UseViewAveraging = false }).ToArray());

    [TestMethod]
    public void First_Eight_IsTheWholeGroup() =>
        CollectionAssert.AreEquivalent(Enum.GetValues<Orientation>(), Orientations.First(8).ToArray());

    [TestMethod]
    [DataRow(0)]
    [DataRow(9)]
    public void First_OutOfRange_Throws(int count) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Orientations.First(count).Length.ToString());
}
