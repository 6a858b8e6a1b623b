using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Classes;

[TestClass]
internal sealed class ClassMasksTests
{
    private const int Height = 40;
    private const int Width = 60;
    private static readonly (int Y, int X)[] Discs = [(20, 18), (20, 34)];
    private static readonly SegmentationOptions Options = new() { MinSize = 0 };

    /// <summary>Two discs that touch: the border between them goes to the nearer one, all of both is covered.</summary>
    [TestMethod]
    [DataRow(3, 2)]
    [DataRow(4, 2)]
    [DataRow(2, 1)]
    public void Classes_TouchingDiscs_ArePartedWhereThereIsABorder(int classes, int expected)
    {
        float[] values = new float[classes * Height * Width];
        for (int p = 0; p < Height * Width; p++)
        {
            double depth = Depth(p);
            values[p] = depth <= 0 ? 3 : -3;
            values[(Height * Width) + p] = depth > 2.5 || (classes == 2 && depth > 0) ? 2 : 0;
            if (classes > 2)
            {
                values[(2 * Height * Width) + p] = depth is > 0 and <= 2.5 ? 2 : 0;
            }
        }

        LabelImage masks = Masks(values, new([new(new ClassesKind(classes), 0, "class")]));
        AssertMasks(masks, expected);
    }

    [TestMethod]
    public void Distances_TouchingDiscs_ArePartedAtTheirMaxima()
    {
        float[] values = new float[2 * Height * Width];
        for (int p = 0; p < Height * Width; p++)
        {
            double depth = Depth(p);
            values[p] = depth <= 0 ? 0 : (float)(1 / (1 + (0.3 * (9 - depth))));
            values[(Height * Width) + p] = depth <= 0 ? 0 : (float)(0.05 + (0.95 * depth / 9));
        }

        OutputPart[] parts = [new(OutputKind.Find("innerdistance")!, 0, "inner"), new(OutputKind.Find("outerdistance")!, 1, "outer")];
        AssertMasks(Masks(values, new(parts)), 2);

        // A second maximum that is hardly one, and an object without any.
        values[(20 * Width) + 22] += 0.05f;
        values[(Height * Width) + (2 * Width) + 55] = 0.5f;
        AssertMasks(Masks(values, new(parts)), 2);
    }

    private static LabelImage Masks(float[] values, OutputDescription description) =>
        FlowMasks.Compute(new Image(description.Channels, Height, Width, values), description, Options);

    private static void AssertMasks(LabelImage masks, int expected)
    {
        Assert.AreEqual(expected, masks.Labels.Max());
        for (int p = 0; p < masks.Labels.Length; p++)
        {
            Assert.AreEqual(Depth(p) > 0, masks.Labels[p] > 0, $"{p / Width}, {p % Width}");
        }

        Assert.AreEqual(expected, masks.Labels[(20 * Width) + 34]);
        Assert.AreEqual(1, masks.Labels[(20 * Width) + 18]);
    }

    /// <summary>How deep a pixel lies in a disc of radius 9.</summary>
    private static double Depth(int p) => Discs.Max(d => 9 - Math.Sqrt(
        ((p / Width) - d.Y) * ((p / Width) - d.Y) + (((p % Width) - d.X) * ((p % Width) - d.X))));
}
