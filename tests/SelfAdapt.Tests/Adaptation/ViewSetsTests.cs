using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;
using SelfAdapt.Engine;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class ViewSetsTests
{
    [TestMethod]
    public void Of_Defaults_AreFlipsAndTurns() => CollectionAssert.AreEqual(
        new[]
        {
            View.Identity, View.FlipRows, View.FlipColumns, View.Rotate90, View.Rotate180, View.Rotate270,
        },
        ViewSets.Of(new()).ToArray());

    [TestMethod]
    public void Of_AveragingOff_IsTheIdentityAlone() => CollectionAssert.AreEqual(
        new[] { View.Identity }, ViewSets.Of(new() { UseViewAveraging = false }).ToArray());

    [TestMethod]
    public void First_Eight_IsTheWholeGroup() =>
        CollectionAssert.AreEquivalent(Enum.GetValues<View>(), ViewSets.First(8).ToArray());

    [TestMethod]
    [DataRow(0)]
    [DataRow(9)]
    public void First_OutOfRange_Throws(int count) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ViewSets.First(count).Length.ToString());
}
