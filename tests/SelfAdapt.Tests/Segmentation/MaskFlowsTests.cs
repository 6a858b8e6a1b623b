using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>Values of docs/cellpose.md 8.3 (CPU rule).</summary>
[TestClass]
internal sealed class MaskFlowsTests
{
    private static readonly LabelImage OneRectangle = GoldenFile.Rectangles(12, 16, (1, 3, 7, 4, 10));

    private static readonly LabelImage TwoTouching = GoldenFile.Rectangles(
        12, 16, (1, 2, 8, 2, 4), (1, 6, 8, 5, 10), (2, 2, 5, 5, 10));

    [TestMethod]
    [DataRow(3, 4, 0.6163275, 0.7874899)]
    [DataRow(5, 4, 0.0, 1.0)]
    [DataRow(3, 7, 1.0, 0.0)]
    [DataRow(4, 9, 0.3851484, -0.9228547)]
    [DataRow(7, 10, -0.6163275, -0.7874899)]
    [DataRow(0, 0, 0.0, 0.0)]
    public void FromMasks_Rectangle_MatchesCellpose(int y, int x, double flowY, double flowX) =>
        AssertFlow(OneRectangle, y, x, flowY, flowX);

    [TestMethod]
    [DataRow(2, 2, 0.8750416, 0.4840478)]
    [DataRow(6, 4, 0.4245253, 0.9054161)]
    [DataRow(8, 10, -0.4632140, -0.8862465)]
    [DataRow(6, 7, 0.4912165, -0.8710375)]
    [DataRow(5, 7, -0.9997438, 0.0226343)]
    [DataRow(2, 5, 0.4837218, 0.8752218)]
    [DataRow(3, 8, 0.2559091, -0.9667008)]
    public void FromMasks_TouchingCells_MatchesCellpose(int y, int x, double flowY, double flowX) =>
        AssertFlow(TwoTouching, y, x, flowY, flowX);

    [TestMethod]
    public void FromMasks_OtherLabelNumbers_GivesTheSameFlow()
    {
        LabelImage other = new(
            12, 16, Array.ConvertAll(TwoTouching.Labels, l => l == 1 ? 900_000_007 : 3 * l));
        CollectionAssert.AreEqual(
            MaskFlows.FromMasks(TwoTouching).Pixels, MaskFlows.FromMasks(other).Pixels);
    }

    [TestMethod]
    public void FromMasks_TransposedImage_TransposesTheFlow()
    {
        // Not bit-equal: the sums run along rows first. Centre pixels are left out, their flow is rounding
        // noise.
        Image flow = MaskFlows.FromMasks(TwoTouching);
        int[] transposed = new int[12 * 16];
        for (int i = 0; i < transposed.Length; i++)
        {
            transposed[i] = TwoTouching.Labels[(i % 12 * 16) + (i / 12)];
        }

        Image turned = MaskFlows.FromMasks(new LabelImage(16, 12, transposed));
        for (int y = 0; y < 12; y++)
        {
            for (int x = 0; x < 16; x++)
            {
                if ((y, x) is not ((6, 5) or (3, 7)))
                {
                    Assert.AreEqual(flow.Plane(0)[(y * 16) + x], turned.Plane(1)[(x * 12) + y], 1e-6f);
                    Assert.AreEqual(flow.Plane(1)[(y * 16) + x], turned.Plane(0)[(x * 12) + y], 1e-6f);
                }
            }
        }
    }

    [TestMethod]
    public void FromMasks_CellAtTheCorner_StaysInside()
    {
        Image flow = MaskFlows.FromMasks(GoldenFile.Rectangles(5, 6, (1, 0, 4, 0, 5)));
        Assert.AreEqual(Math.Sqrt(0.5), flow.Plane(0)[0], 0.2);
        Assert.IsTrue(flow.Plane(0)[0] > 0 && flow.Plane(1)[0] > 0);
        Assert.IsTrue(flow.Plane(0)[29] < 0 && flow.Plane(1)[29] < 0);
    }

    [TestMethod]
    public void FromMasks_EveryCellPixel_HasLengthOneOrZero()
    {
        Image flow = MaskFlows.FromMasks(TwoTouching);
        double[] lengths = Enumerable.Range(0, 12 * 16)
            .Select(i => Math.Sqrt(Math.Pow(flow.Plane(0)[i], 2) + Math.Pow(flow.Plane(1)[i], 2))).ToArray();
        for (int i = 0; i < lengths.Length; i++)
        {
            bool unit = TwoTouching.Labels[i] > 0 && Math.Abs(lengths[i] - 1) < 1e-6;
            Assert.IsTrue(unit || lengths[i] == 0, $"pixel {i}");
        }
    }

    private static void AssertFlow(LabelImage masks, int y, int x, double flowY, double flowX)
    {
        Image flow = MaskFlows.FromMasks(masks);
        Assert.AreEqual(flowY, flow.Plane(0)[(y * masks.Width) + x], 1e-6);
        Assert.AreEqual(flowX, flow.Plane(1)[(y * masks.Width) + x], 1e-6);
    }
}
