using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Files;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class CropSamplerTests
{
    private static readonly AdaptationOptions Plain =
        new() { Crop = 16, CropScaleMin = 1, CropScaleMax = 1, CropFlip = false };

    [TestMethod]
    public void Sample_ImageOfTheCropsSize_ReturnsIt()
    {
        Image image = Ramp(2, 16, 16);
        float[] crop = Sample([image], Plain, 1, 1);
        CollectionAssert.AreEqual(image.Pixels, crop);
    }

    [TestMethod]
    public void Sample_LinearRamp_StaysLinearWithTheDrawnSlope()
    {
        // Bilinear resampling of 1000 y + x keeps it linear; slope 1 / s, s in 0.75..1.25.
        Image image = Ramp(1, 100, 80);
        AdaptationOptions options = Plain with { CropScaleMin = 0.75, CropScaleMax = 1.25 };
        float[] crops = Sample([image], options, 40, 2);
        double[] slopes = new double[40];
        for (int n = 0; n < 40; n++)
        {
            ReadOnlySpan<float> crop = crops.AsSpan(n * 256, 256);
            slopes[n] = (crop[(8 * 16) + 15] - crop[8 * 16]) / 15;
            Assert.IsTrue(slopes[n] is > 1 / 1.26 and < 1 / 0.74, $"slope {slopes[n]}");
            Assert.AreEqual(slopes[n], (crop[(15 * 16) + 3] - crop[3]) / 15000, 2e-3);
            Assert.IsTrue(crop[0] >= 0 && crop[255] <= 99_079);
        }

        Assert.IsTrue(slopes.Max() - slopes.Min() > 0.3);
    }

    [TestMethod]
    public void Sample_MagnifiedTwice_HasHalfPixelCentres()
    {
        // s = 2 on a 1-px-step ramp: positions start + (i + 0.5) / 2 - 0.5, so steps of 0.5.
        Image image = Ramp(1, 8, 8);
        float[] crop = Sample([image], Plain with { CropScaleMin = 2, CropScaleMax = 2 }, 1, 1);

        // The window is the whole image; position -0.25 mixes column 0 and its mirror image, column 1.
        Assert.AreEqual(0.25f, crop[(3 * 16) + 0] - (1000 * 1.25f), 1e-3f);
        Assert.AreEqual(0.25f, crop[(3 * 16) + 1] - (1000 * 1.25f), 1e-3f);
        Assert.AreEqual(0.75f, crop[(3 * 16) + 2] - (1000 * 1.25f), 1e-3f);
        Assert.AreEqual(6.75f, crop[(3 * 16) + 15] - (1000 * 1.25f), 1e-3f);
    }

    [TestMethod]
    public void Sample_SmallImage_IsCentredAndMirrored()
    {
        // Width 3 in a crop of 16: the window starts at -6.5; columns 0 1 2 mirrored run with period 4.
        Image image = new(1, 16, 3, [.. Enumerable.Range(0, 48).Select(i => (float)(i % 3))]);
        float[] crop = Sample([image], Plain, 1, 1);
        float Mirrored(int i) => (((i % 4) + 4) % 4) switch { 0 => 0, 2 => 2, _ => 1 };
        for (int x = 0; x < 16; x++)
        {
            Assert.AreEqual((Mirrored(x - 7) + Mirrored(x - 6)) / 2, crop[x], 1e-6f, $"column {x}");
        }
    }

    [TestMethod]
    public void Sample_OnePixelImage_FillsTheCrop()
    {
        float[] crop = Sample([new Image(1, 1, 1, [7])], Plain, 1, 1);
        Assert.IsTrue(crop.All(v => v == 7));
    }

    [TestMethod]
    public void Sample_Flips_AreSharedByTheChannelsAndEven()
    {
        Image image = Ramp(2, 16, 16);
        float[] crops = Sample([image], Plain with { CropFlip = true }, 400, 3);
        int rows = 0;
        int columns = 0;
        for (int n = 0; n < 400; n++)
        {
            ReadOnlySpan<float> crop = crops.AsSpan(n * 512, 512);
            bool flippedRows = crop[0] > crop[15 * 16];
            bool flippedColumns = crop[0] > crop[15];
            Assert.AreEqual((flippedRows ? 15_000f : 0) + (flippedColumns ? 15 : 0), crop[0]);
            Assert.AreEqual(crop[0] + 100_000, crop[256]);
            rows += flippedRows ? 1 : 0;
            columns += flippedColumns ? 1 : 0;
        }

        Assert.AreEqual(200, rows, 40);
        Assert.AreEqual(200, columns, 40);
    }

    [TestMethod]
    public void Sample_SeveralImages_UsesAllOfThemAndRepeats()
    {
        Image[] images = [Constant(0), Constant(1), Constant(2)];
        float[] crops = Sample(images, Plain, 300, 4);
        for (int v = 0; v < 3; v++)
        {
            Assert.AreEqual(100, Enumerable.Range(0, 300).Count(n => crops[n * 256] == v), 30);
        }

        CollectionAssert.AreEqual(crops, Sample(images, Plain, 300, 4));
    }

    [TestMethod]
    public void Constructor_NoImagesOrMixedChannels_Throws()
    {
        Assert.ThrowsExactly<ArgumentException>(() => new CropSampler([], Plain));
        Assert.ThrowsExactly<ArgumentException>(() => new CropSampler([Ramp(1, 4, 4), Ramp(2, 4, 4)], Plain));
    }

    private static Image Constant(float value) => new(1, 20, 20, [.. Enumerable.Repeat(value, 400)]);

    /// <summary>100000 c + 1000 y + x.</summary>
    private static Image Ramp(int channels, int height, int width)
    {
        float[] pixels = new float[channels * height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            int plane = height * width;
            pixels[i] = (100_000 * (i / plane)) + (1000 * (i % plane / width)) + (i % width);
        }

        return new(channels, height, width, pixels);
    }

    private static float[] Sample(Image[] images, AdaptationOptions options, int count, ulong seed)
    {
        CropSampler sampler = new(images, options);
        float[] crops = new float[count * sampler.Length];
        sampler.Sample(new RandomStream(seed), crops);
        return crops;
    }
}
