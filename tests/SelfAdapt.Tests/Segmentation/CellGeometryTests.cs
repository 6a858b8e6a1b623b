using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class CellGeometryTests
{
    [TestMethod]
    public void MedianDiameter_ThreeSquares_MatchesCellpose()
    {
        LabelImage masks = GoldenFile.Rectangles(
            20, 20, (1, 0, 3, 0, 3), (2, 5, 14, 5, 14), (3, 17, 19, 0, 2));
        Assert.AreEqual(4.51351667, CellGeometry.MedianDiameter(masks), 1e-8);
        Assert.AreEqual(3, CellGeometry.Count(masks));
    }

    [TestMethod]
    public void MedianDiameter_TwoSquares_IsTheMeanOfBoth()
    {
        LabelImage masks = GoldenFile.Rectangles(20, 20, (1, 0, 3, 0, 3), (9, 5, 14, 5, 14));
        Assert.AreEqual(14 / Math.Sqrt(Math.PI), CellGeometry.MedianDiameter(masks), 1e-12);
    }

    [TestMethod]
    public void MedianDiameter_NoCells_IsZero() =>
        Assert.AreEqual(0.0, CellGeometry.MedianDiameter(new LabelImage(2, 2, new int[4])));

    [TestMethod]
    public void MedianDiameter_EvenNumberOfImages_IsTheMeanOfTheMiddleTwo()
    {
        LabelImage[] images = [Square(2), Square(0), Square(9), Square(4), Square(3)];
        Assert.AreEqual(3.5 * 2 / Math.Sqrt(Math.PI), CellGeometry.MedianDiameter(images), 1e-12);
        Assert.AreEqual(0.0, CellGeometry.MedianDiameter([Square(0)]));

        static LabelImage Square(int side)
        {
            int[] labels = new int[100];
            for (int i = 0; i < side * side; i++)
            {
                labels[((i / side) * 10) + (i % side)] = 7;
            }

            return new LabelImage(10, 10, labels);
        }
    }

    [TestMethod]
    public void OutlinePixels_RingWithAHole_LeavesTheInnerRimOut()
    {
        LabelImage masks = GoldenFile.Labels(
            "11111",
            "11111",
            "11.11",
            "11111",
            "11111");
        Assert.AreEqual("1111110001100011000111111", Draw(masks));
    }

    [TestMethod]
    public void OutlinePixels_TouchingCells_BothHaveARim()
    {
        LabelImage masks = GoldenFile.Labels(
            "11122",
            "11122",
            "11122",
            "11122");
        Assert.AreEqual("11111101111011111111", Draw(masks));
    }

    [TestMethod]
    [DataRow(1.0, 5)]
    [DataRow(1.42, 9)]
    [DataRow(2.0, 13)]
    [DataRow(2.9, 25)]
    public void DilateByDisc_OnePixel_IsADisc(double radius, int pixels)
    {
        bool[] marked = new bool[81];
        marked[40] = true;
        Assert.AreEqual(pixels, CellGeometry.DilateByDisc(marked, 9, 9, radius).Count(m => m));
    }

    [TestMethod]
    public void DilateByDisc_RadiusBeyondTheImage_FillsIt()
    {
        bool[] marked = new bool[12];
        marked[0] = true;
        Assert.IsTrue(CellGeometry.DilateByDisc(marked, 3, 4, 1e9).All(m => m));
    }

    private static string Draw(LabelImage masks) =>
        string.Concat(CellGeometry.OutlinePixels(masks).Select(o => o ? '1' : '0'));
}
