using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class CellChangeTests
{
    private static readonly LabelImage ThreeCells = new(1, 12, [1, 1, 1, 1, 0, 2, 2, 0, 3, 3, 3, 0]);
    private static readonly LabelImage NoCells = new(1, 12, new int[12]);

    [TestMethod]
    public void Between_SameSegmentations_LosesNothingAndAgrees()
    {
        CellChange change = CellChange.Between([ThreeCells], [ThreeCells], 0.5);
        Assert.AreEqual(new CellChange(3, 0, 0), change);
        Assert.AreEqual(0, change.LostFraction);
        Assert.AreEqual(1, change.Agreement);
    }

    [TestMethod]
    public void Between_TwoImages_PoolsTheCounts()
    {
        // Image 1: cell 1 keeps 2 of 4 pixels (IoU .5: found), cell 2 is gone, cell 3 keeps 1 of 3 (lost), and what is
        // left of it and a new cell count as gained. Image 2: one cell, found.
        LabelImage current = new(1, 12, [7, 7, 0, 0, 0, 0, 0, 0, 9, 0, 0, 4]);
        LabelImage one = new(1, 2, [5, 0]);
        CellChange change = CellChange.Between([ThreeCells, one], [current, one], 0.5);
        Assert.AreEqual(new CellChange(2, 2, 2), change);
        Assert.AreEqual(0.5, change.LostFraction, 1e-15);
        Assert.AreEqual(2 / 6.0, change.Agreement, 1e-15);
    }

    [TestMethod]
    public void Between_FirstHasNoCells_LosesNothing()
    {
        CellChange change = CellChange.Between([NoCells], [ThreeCells], 0.5);
        Assert.AreEqual(0, change.LostFraction);
        Assert.AreEqual(0, change.Agreement);
    }

    [TestMethod]
    public void Agreement_NoCellsAtAll_IsNoOpinion() =>
        Assert.AreEqual(0, CellChange.Between([NoCells], [NoCells], 0.5).Agreement);

    [TestMethod]
    public void Between_CountsDiffer_Throws() => Assert.ThrowsExactly<ArgumentException>(
        () => CellChange.Between([ThreeCells], [], 0.5));
}
