using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>With a network that calls bright pixels cells: foreground components are the masks.</summary>
[TestClass]
internal sealed class CheckedImagesTests
{
    private const int Side = 64;

    [TestMethod]
    public void Measure_SameNetworkTwice_LosesNothing()
    {
        CheckedImages images = Make(Picture((4, 4), (20, 30)));
        LabelFreeSignals first = images.Measure(Brighter(0.5f));
        LabelFreeSignals second = images.Measure(Brighter(0.5f));
        Assert.AreEqual(first, second);
        Assert.AreEqual(0, second.FnRate);
        Assert.AreEqual(0, second.EmbeddingDistance);
        Assert.AreEqual(2, second.Cells);
        Assert.AreEqual(1, second.Explained);
        Assert.AreEqual(0, second.FlowError, "this network has no flows");
        Assert.AreEqual(2 * 64.0 / (Side * Side), second.Foreground, 1e-12);
    }

    [TestMethod]
    public void Measure_NetworkBlindToTheDimCell_LostOneOfTwo()
    {
        CheckedImages images = Make(Picture((4, 4), (20, 30, 0.6f)));
        images.Measure(Brighter(0.5f));
        LabelFreeSignals blind = images.Measure(Brighter(0.8f));
        Assert.AreEqual(0.5, blind.FnRate);
        Assert.AreEqual(1, blind.Cells);
    }

    [TestMethod]
    public void Measure_NetworkThatFindsMore_LosesNothing()
    {
        CheckedImages images = Make(Picture((4, 4), (20, 30, 0.6f)));
        images.Measure(Brighter(0.8f));
        LabelFreeSignals more = images.Measure(Brighter(0.5f));
        Assert.AreEqual(0, more.FnRate);
        Assert.IsGreaterThan(0, more.Evidence, "both squares end where the image does");
        Assert.AreEqual(2, more.Cells);
    }

    [TestMethod]
    public void OutlineChange_OutlinesThatMoveOntoTheEdges_IsPositive_AndOffThem_Negative()
    {
        // Discs that fade from 1 to 0 around radius 8: the edge is where they are half as bright.
        Image picture = Blurred((16, 16), (16, 44), (44, 16), (44, 44));
        CheckedImages images = Make(picture);
        LabelFreeSignals inside = images.Measure(new ThresholdNetwork(0.9f));
        LabelFreeSignals onEdge = images.Measure(new ThresholdNetwork(0.5f));
        Assert.AreEqual(0, inside.OutlineChange);
        Assert.IsGreaterThan(0, onEdge.OutlineChange);
        Assert.IsGreaterThan(inside.Evidence + onEdge.EvidenceError, onEdge.Evidence);
        Assert.IsGreaterThan(inside.OutlineFit, onEdge.OutlineFit);

        images = Make(picture);
        images.Measure(new ThresholdNetwork(0.5f));
        Assert.IsLessThan(0, images.Measure(new ThresholdNetwork(0.9f)).OutlineChange);
    }

    [TestMethod]
    public void OutlineChange_CellsTheSourceLacks_DoNotCount_ButTheirEvidenceDoes()
    {
        CheckedImages images = Make(Picture((4, 4), (20, 30, 0.6f)));
        LabelFreeSignals source = images.Measure(Brighter(0.8f));
        LabelFreeSignals more = images.Measure(Brighter(0.5f));
        Assert.AreEqual(0, more.OutlineChange);
        Assert.IsGreaterThan(0, more.EvidenceError);
        Assert.IsGreaterThan(source.Evidence, more.Evidence);
    }

    [TestMethod]
    public void Measure_NoCells_SaysNothing()
    {
        LabelFreeSignals signals = Make(Picture((4, 4))).Measure(Brighter(2f));
        Assert.AreEqual((0, 0.0, 0.0, 1.0), (signals.Cells, signals.Evidence, signals.OutlineChange, signals.OutlineFit));
        Assert.IsGreaterThan(0, signals.EvidenceError);
    }

    [TestMethod]
    public void Measure_ObjectsOfAnySize_DiameterInThePixelsOfTheImage()
    {
        SegmentationOptions options = Options() with { DiamMean = 8, Diameter = 16 };
        Image large = new(1, 2 * Side, 2 * Side, new float[4 * Side * Side]);
        for (int y = 40; y < 56; y++)
        {
            large.Pixels.AsSpan((y * large.Width) + 40, 16).Fill(1);
        }

        LabelFreeSignals signals = new CheckedImages([new NamedImage("a", "a", large)], options, 1).Measure(Brighter(0.5f));
        Assert.AreEqual(1, signals.Cells);
        Assert.AreEqual(2 * 16 / Math.Sqrt(Math.PI), signals.Diameter, 1);
    }

    [TestMethod]
    [DataRow(0.9f, 0.5, DisplayName = "outlines within the discs")]
    [DataRow(0.37f, 1.0, DisplayName = "outlines on the edges")]
    [DataRow(0.1f, 1.5, DisplayName = "outlines around the discs")]
    public void GammaFinder_TakesThePowerThatBringsOutlinesOntoTheEdges(float threshold, double expected)
    {
        Image picture = Blurred((16, 16), (16, 44), (44, 16), (44, 44));
        NamedImage[] images = [.. Enumerable.Range(0, 6).Select(i => new NamedImage($"{i}", $"{i}", picture))];
        using ThresholdNetwork network = new(threshold);
        Assert.AreEqual(
            expected, GammaFinder.Find(network, new SegmentationOptions { DiamMean = 16 }, images, CancellationToken.None));
    }

    private static CheckedImages Make(Image image) =>
        new([new NamedImage("a", "a", image)], Options(), 1);

    private static SegmentationOptions Options() => new() { Normalization = IntensityNormalization.None };

    private static ThresholdNetwork Brighter(float threshold) => new(threshold);

    /// <summary>Discs of radius 8 px with a soft rim.</summary>
    private static Image Blurred(params (int Y, int X)[] centres) => new(1, Side, Side, [.. Enumerable.Range(0, Side * Side)
        .Select(i => (float)centres.Sum(c => 1 / (1 + Math.Exp(
            Math.Sqrt(Math.Pow((i / Side) - c.Y, 2) + Math.Pow((i % Side) - c.X, 2)) - 8))))]);

    /// <summary>Bright squares of 8 px on black.</summary>
    private static Image Picture(params (int Y, int X, float Value)[] squares)
    {
        Image image = new(1, Side, Side, new float[Side * Side]);
        foreach ((int y, int x, float value) in squares)
        {
            for (int row = y; row < y + 8; row++)
            {
                image.Pixels.AsSpan((row * Side) + x, 8).Fill(value);
            }
        }

        return image;
    }

    private static Image Picture((int Y, int X) first, (int Y, int X, float Value) second) =>
        Picture((first.Y, first.X, 1), second);

    private static Image Picture(params (int Y, int X)[] squares) =>
        Picture([.. squares.Select(s => (s.Y, s.X, 1f))]);
}
