using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>From where pixels came to rest to cells: what is a seed, how far it grows, which one wins.</summary>
[TestClass]
internal sealed class SeedLabelingTests
{
    private const int Height = 3;
    private const int Width = 40;

    [TestMethod]
    [DataRow(10, 0)]
    [DataRow(11, 1)]
    public void Label_PointsAtOnePixel_FromElevenOnASeed(int points, int cells) =>
        Assert.AreEqual(cells, Labels((10, points)).Max());

    [TestMethod]
    public void Label_TrailOfPixels_GrowsFiveWhereThreePointsEnded()
    {
        int[] labels = Labels((10, 11), (11, 3), (12, 3), (13, 3), (14, 3), (15, 3), (16, 3), (9, 2), (8, 3));
        CollectionAssert.AreEqual(new[] { 10, 11, 12, 13, 14, 15 }, Marked(labels));
    }

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(3, 2)]
    public void Label_SmallerPeakNearby_IsASeedFromThreePixelsOn(int distance, int cells) =>
        Assert.AreEqual(cells, Labels((10, 20), (10 + distance, 11)).Max());

    [TestMethod]
    public void Label_SeedsReachTheSamePixels_TheLargerTakesThem()
    {
        int[] labels = Labels((10, 20), (11, 3), (12, 3), (13, 3), (14, 11));
        CollectionAssert.AreEqual(new[] { 10, 11, 12, 13, 14 }, Marked(labels));
        Assert.AreEqual(1, labels.Max());
    }

    [TestMethod]
    public void Label_Cells_AreNumberedAsTheyAppear()
    {
        int[] labels = Labels((30, 11), (5, 11), (18, 30));
        CollectionAssert.AreEqual(new[] { 1, 2, 3 }, new[] { labels[5], labels[18], labels[30] });
    }

    [TestMethod]
    public void Label_CellAboveTheLargestSize_IsDropped()
    {
        // Of 120 pixels.
        Assert.AreEqual(1, Labels(12.0 / 120, (10, 12)).Max());
        Assert.AreEqual(0, Labels(12.0 / 120, (10, 13)).Max());
    }

    /// <summary>
    /// Labels at the pixels where points ended; the points come from pixels that were handed out from the left.
    /// </summary>
    private static int[] Labels(params (int Pixel, int Points)[] rests) => Labels(1, rests);

    private static int[] Labels(double largest, params (int Pixel, int Points)[] rests)
    {
        int[] ends = [.. rests.OrderBy(r => r.Pixel).SelectMany(r => Enumerable.Repeat(r.Pixel, r.Points))];
        int[] cellPixels = [.. Enumerable.Range(0, ends.Length)];
        LabelImage image = SeedLabeling.Label(cellPixels, ends, Height, Width, largest);
        int[] atEnds = new int[Height * Width];
        for (int i = 0; i < ends.Length; i++)
        {
            Assert.IsTrue(atEnds[ends[i]] == 0 || atEnds[ends[i]] == image.Labels[cellPixels[i]]);
            atEnds[ends[i]] = image.Labels[cellPixels[i]];
        }

        return atEnds;
    }

    private static int[] Marked(int[] labels) => [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] > 0)];
}
