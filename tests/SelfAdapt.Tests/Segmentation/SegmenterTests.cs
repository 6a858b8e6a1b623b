using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class SegmenterTests
{
    private static readonly SegmentationOptions Raw = new() { Normalization = IntensityNormalization.None };

    [TestMethod]
    [DataRow(100, 130, false)]
    [DataRow(300, 233, false)]
    [DataRow(300, 233, true)]
    [DataRow(64, 500, true)]
    public void Predict_PixelwiseNetwork_GivesThePictureBack(int height, int width, bool augment)
    {
        Image image = Ramp(height, width, 0.01f, 0.003f);
        using FakeNetwork network = new(OutputDescription.Foreground, Copy);
        Segmenter segmenter = new(network, Raw with { Augment = augment, BatchSize = 3 });
        (Image outputs, _) = segmenter.Predict(image);
        AssertClose(image.Pixels, outputs.Pixels, 1e-5f);
        Assert.IsTrue(network.Batches.All(b => b is { Height: <= 224, Width: <= 224, Count: <= 3 }));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Predict_GradientNetwork_IsTheSameWithFlips(bool augment)
    {
        // The gradient of a ramp is the same everywhere, and turns its sign with the picture.
        Image image = Ramp(250, 180, 0.2f, -0.3f);
        using FakeNetwork network = new(OutputDescription.Cellpose, Gradient);
        (Image outputs, _) = new Segmenter(network, Raw with { Augment = augment }).Predict(image);
        for (int y = 1; y < 249; y++)
        {
            for (int x = 1; x < 179; x++)
            {
                Assert.AreEqual(0.2f, outputs.Plane(0)[(y * 180) + x], 1e-4f);
                Assert.AreEqual(-0.3f, outputs.Plane(1)[(y * 180) + x], 1e-4f);
            }
        }
    }

    [TestMethod]
    public void Predict_Batches_AreOfTheAskedSize()
    {
        using FakeNetwork network = new(OutputDescription.Foreground, Copy);
        new Segmenter(network, Raw with { BatchSize = 4 }).Predict(Ramp(512, 512, 1, 1));
        CollectionAssert.AreEqual(
            new[] { (4, 224, 224), (4, 224, 224), (1, 224, 224) }, network.Batches);
    }

    [TestMethod]
    public void Predict_Embeddings_AreSummedToLengthOne()
    {
        using FakeNetwork network = new(OutputDescription.Foreground, Copy, [3f, 4f]);
        (_, float[] embedding) = new Segmenter(network, Raw).Predict(Ramp(300, 300, 1, 1));
        AssertClose([0.6f, 0.8f], embedding, 1e-7f);
    }

    [TestMethod]
    public void Predict_ZeroEmbedding_StaysZero()
    {
        using FakeNetwork network = new(OutputDescription.Foreground, Copy, [0f, 0f]);
        (_, float[] embedding) = new Segmenter(network, Raw).Predict(Ramp(30, 30, 1, 1));
        CollectionAssert.AreEqual(new float[2], embedding);
    }

    [TestMethod]
    public void Predict_NetworkGivesNaN_IsANumericsError()
    {
        using FakeNetwork network = new(
            OutputDescription.Foreground, (_, output, _, _) => output.Fill(float.NaN));
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => new Segmenter(network, Raw).Predict(Ramp(30, 30, 1, 1), "x.png"));
        Assert.AreEqual(ErrorKind.Numerics, error.Kind);
        StringAssert.Contains(error.Message, "x.png", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(30.0, true)]
    [DataRow(15.0, true)]
    [DataRow(60.0, true)]
    [DataRow(60.0, false)]
    public void Segment_BrightRectangles_AreFoundAtImageSize(double diameter, bool resample)
    {
        LabelImage drawn = GoldenFile.Rectangles(120, 260, (1, 10, 49, 20, 59), (2, 60, 99, 180, 239));
        Image image = new(1, 120, 260, Array.ConvertAll(drawn.Labels, l => l > 0 ? 1f : -1f));
        using FakeNetwork network = new(OutputDescription.Foreground, Copy);
        SegmentationOptions options = Raw with { Diameter = diameter, Resample = resample };
        SegmentationResult result = new Segmenter(network, options).Segment(image);
        FlowMasksTests.AssertSame(drawn, result.Masks, 2, leastIou: 0.94);
        Assert.AreEqual(resample ? 120 : 60, result.Outputs.Height);
    }

    [TestMethod]
    public void Segment_TwiceOnTheSameImage_IsBitEqualAndLeavesItAlone()
    {
        Image image = Ramp(240, 100, 0.5f, 2f);
        float[] before = (float[])image.Pixels.Clone();
        using FakeNetwork network = new(OutputDescription.Cellpose, Gradient);
        Segmenter segmenter = new(network, new SegmentationOptions { Diameter = 22 });
        SegmentationResult first = segmenter.Segment(image);
        SegmentationResult second = segmenter.Segment(image);
        CollectionAssert.AreEqual(first.Outputs.Pixels, second.Outputs.Pixels);
        CollectionAssert.AreEqual(first.Masks.Labels, second.Masks.Labels);
        CollectionAssert.AreEqual(before, image.Pixels);
    }

    [TestMethod]
    public void Constructor_OptionOutOfRange_IsAUsageError()
    {
        using FakeNetwork network = new(OutputDescription.Foreground, Copy);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => new Segmenter(network, Raw with { BatchSize = 0 }));
        Assert.AreEqual(ErrorKind.InvalidOption, error.Kind);
        StringAssert.Contains(error.Message, "BatchSize is 0", StringComparison.Ordinal);
    }

    private static Image Ramp(int height, int width, float perRow, float perColumn) =>
        new(1, height, width, Enumerable.Range(0, height * width)
            .Select(i => (i / width * perRow) + (i % width * perColumn)).ToArray());

    private static void Copy(ReadOnlySpan<float> input, Span<float> output, int height, int width) =>
        input[..(height * width)].CopyTo(output);

    private static void Gradient(ReadOnlySpan<float> input, Span<float> output, int height, int width)
    {
        int plane = height * width;
        for (int i = 0; i < plane; i++)
        {
            (int y, int x) = (i / width, i % width);
            (int above, int below) = (Math.Max(0, y - 1), Math.Min(height - 1, y + 1));
            (int left, int right) = (Math.Max(0, x - 1), Math.Min(width - 1, x + 1));
            output[i] = (input[(below * width) + x] - input[(above * width) + x]) / (below - above);
            output[plane + i] = (input[(y * width) + right] - input[(y * width) + left]) / (right - left);
            output[(2 * plane) + i] = input[i];
        }
    }

    private static void AssertClose(float[] expected, float[] actual, float tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], tolerance, $"element {i}");
        }
    }

    private delegate void TileFunction(ReadOnlySpan<float> input, Span<float> output, int height, int width);

    /// <summary>A "network" of one input channel that is a plain function of the tile.</summary>
    private sealed class FakeNetwork(
        OutputDescription outputs, TileFunction function, float[]? embedding = null)
        : ISegmentationNetwork
    {
        private readonly float[] _embedding = embedding ?? [];

        public List<(int Count, int Height, int Width)> Batches { get; } = [];

        public int InputChannels => 1;

        public OutputDescription Outputs => outputs;

        public int EmbeddingLength => _embedding.Length;

        public void Run(
            ReadOnlySpan<float> input, int batch, int height, int width, Span<float> output,
            Span<float> embedding)
        {
            Batches.Add((batch, height, width));
            int plane = height * width;
            for (int i = 0; i < batch; i++)
            {
                function(
                    input.Slice(i * plane, plane),
                    output.Slice(i * plane * outputs.Channels, plane * outputs.Channels), height, width);
                _embedding.CopyTo(embedding[(i * _embedding.Length)..]);
            }
        }

        public void Dispose()
        {
        }
    }
}
