using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>With a network that calls bright pixels cells: foreground components are the masks.</summary>
[TestClass]
internal sealed class CheckedImagesTests
{
    private const int Side = 48;

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
        Assert.AreEqual(blind.Agreement * (1 / 21.0) * (1 - (1 / 22.0)), blind.Steadiness, 1e-12);
        Assert.AreEqual(1, blind.Cells);
    }

    [TestMethod]
    public void Measure_NetworkThatFindsMore_LosesNothing()
    {
        CheckedImages images = Make(Picture((4, 4), (20, 30, 0.6f)));
        images.Measure(Brighter(0.8f));
        LabelFreeSignals more = images.Measure(Brighter(0.5f));
        Assert.AreEqual(0, more.FnRate);
        Assert.AreEqual(more.Agreement * (2 / 22.0), more.Steadiness, 1e-12, "two cells are few to judge by");
    }

    [TestMethod]
    public void Agreement_CellsWellAboveTheNoise_IsHigherThanOfCellsAtItsLevel()
    {
        // A threshold at half of the cells' brightness outlasts noise better than one just below their brightness.
        Image picture = Picture((4, 4), (20, 30), (30, 8), (34, 34));
        double sure = Make(picture).Measure(Brighter(0.5f)).Agreement;
        double unsure = Make(picture).Measure(Brighter(0.97f)).Agreement;
        Assert.IsGreaterThan(unsure, sure);
    }

    [TestMethod]
    public void WithNoise_ConstantChannel_StaysAsItIs()
    {
        Image flat = new(1, 4, 4, [.. Enumerable.Repeat(3f, 16)]);
        CollectionAssert.AreEqual(flat.Pixels, CheckedImages.WithNoise(flat, 0).Pixels);
    }

    [TestMethod]
    public void WithNoise_HasHalfTheChannelsDeviation_AndIsItsOwn()
    {
        Image image = new(1, 200, 200, [.. Enumerable.Range(0, 40_000).Select(i => i % 2 == 0 ? 0f : 2f)]);
        Image noisy = CheckedImages.WithNoise(image, 1);
        double[] noise = [.. noisy.Pixels.Select((v, i) => (double)v - image.Pixels[i])];
        Assert.AreEqual(0, noise.Average(), 0.01);
        Assert.AreEqual(0.5, Math.Sqrt(noise.Average(v => v * v)), 0.01);
        CollectionAssert.AreNotEqual(noisy.Pixels, CheckedImages.WithNoise(image, 2).Pixels);
        CollectionAssert.AreEqual(noisy.Pixels, CheckedImages.WithNoise(image, 1).Pixels);
    }

    private static CheckedImages Make(Image image) =>
        new([new NamedImage("a", "a", image)], Options(), OutputDescription.Foreground);

    private static SegmentationOptions Options() => new() { Normalization = IntensityNormalization.None };

    private static Segmenter Brighter(float threshold) => new(new Threshold(threshold), Options());

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

    /// <summary>The logit is how far a pixel is above the threshold.</summary>
    private sealed class Threshold(float threshold) : ISegmentationNetwork
    {
        public int InputChannels => 1;

        public OutputDescription Outputs => OutputDescription.Foreground;

        public int EmbeddingLength => 1;

        public void Run(
            ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output, Span<float> embedding)
        {
            embedding.Fill(1);
            for (int i = 0; i < input.Length; i++)
            {
                output[i] = input[i] - threshold;
            }
        }

        public void Dispose()
        {
        }
    }
}
