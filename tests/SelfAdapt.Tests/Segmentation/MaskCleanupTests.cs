using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class MaskCleanupTests
{
    [TestMethod]
    public void FillHoles_DiagonalGap_IsAHole()
    {
        // Background is 4-connected: a diagonal gap does not let it out.
        LabelImage masks = GoldenFile.Labels(
            "11111",
            "1...1",
            "1...1",
            "1111.");
        LabelImage filled = MaskCleanup.FillHolesAndRemoveSmall(masks, 0);
        Assert.AreEqual("11111111111111111110", string.Concat(filled.Labels));
    }

    [TestMethod]
    public void FillHoles_OpenBay_StaysOpen()
    {
        LabelImage masks = GoldenFile.Labels(
            "1111",
            "1..1",
            "1.11");
        CollectionAssert.AreEqual(masks.Labels, MaskCleanup.FillHolesAndRemoveSmall(masks, 0).Labels);
    }

    [TestMethod]
    public void FillHoles_CellInsideAHole_IsSwallowedAndNumbersCloseUp()
    {
        LabelImage masks = GoldenFile.Labels(
            "1111.",
            "1221.",
            "1.21.",
            "1111.",
            "....3");
        LabelImage filled = MaskCleanup.FillHolesAndRemoveSmall(masks, 0);
        Assert.AreEqual("1111011110111101111000002", string.Concat(filled.Labels));
    }

    [TestMethod]
    public void RemoveSmall_LabelsWithGaps_RemovesTheSmallOneOnly()
    {
        // The scene in which Cellpose 3.1.1.2 removes label 4 by mistake: areas 1:100, 3:100, 4:100, 5:9,
        // 6:225.
        LabelImage masks = GoldenFile.Rectangles(
            40, 60, (1, 0, 9, 0, 9), (3, 0, 9, 20, 29), (4, 0, 9, 40, 49),
            (5, 20, 22, 0, 2), (6, 20, 34, 20, 34));
        LabelImage kept = MaskCleanup.FillHolesAndRemoveSmall(masks, 15);
        LabelImage expected = GoldenFile.Rectangles(
            40, 60, (1, 0, 9, 0, 9), (2, 0, 9, 20, 29), (3, 0, 9, 40, 49), (4, 20, 34, 20, 34));
        CollectionAssert.AreEqual(expected.Labels, kept.Labels);
    }

    [TestMethod]
    [DataRow(9, 1)]
    [DataRow(10, 0)]
    public void RemoveSmall_Threshold_KeepsEqualSizes(int minSize, int cells)
    {
        LabelImage masks = GoldenFile.Rectangles(8, 8, (7, 2, 4, 2, 4));
        Assert.AreEqual(cells, MaskCleanup.FillHolesAndRemoveSmall(masks, minSize).Labels.Max());
    }

    [TestMethod]
    public void ExcludeOnEdges_RemovesThoseThatTouch()
    {
        LabelImage masks = GoldenFile.Labels(
            "1.....",
            "..2...",
            ".....4",
            "..3...",
            "..3...");
        LabelImage kept = MaskCleanup.ExcludeOnEdges(masks);
        CollectionAssert.AreEqual(
            GoldenFile.Labels("......", "..1...", "......", "......", "......").Labels, kept.Labels);
    }

    [TestMethod]
    public void Renumber_AnyLabels_CountsInRasterOrder()
    {
        LabelImage masks = new(2, 4, [0, 9, 9, -3, int.MaxValue, 9, 2, 2]);
        (LabelImage renumbered, int count) = LabelRegions.Renumber(masks);
        Assert.AreEqual(3, count);
        CollectionAssert.AreEqual(new[] { 0, 1, 1, 0, 2, 1, 3, 3 }, renumbered.Labels);
    }

    [TestMethod]
    public void FillHoles_RandomScenes_NeverLosesForegroundAndIsIdempotent()
    {
        uint state = 7;
        for (int scene = 0; scene < 200; scene++)
        {
            int[] labels = new int[12 * 13];
            for (int i = 0; i < labels.Length; i++)
            {
                state = (state * 1664525) + 1013904223;
                labels[i] = (int)(state >> 29) % 4;
            }

            LabelImage once = MaskCleanup.FillHolesAndRemoveSmall(new LabelImage(12, 13, labels), 0);
            Assert.IsTrue(Enumerable.Range(0, labels.Length).All(i => labels[i] == 0 || once.Labels[i] > 0));
            Assert.AreEqual(once.Labels.Distinct().Count(l => l > 0), once.Labels.Max());
            LabelImage twice = MaskCleanup.FillHolesAndRemoveSmall(once, 0);
            CollectionAssert.AreEqual(once.Labels, twice.Labels);
        }
    }
}
