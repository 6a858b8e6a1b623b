using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tests.Segmentation;

[TestClass]
internal sealed class ImagePreparationTests
{
    [TestMethod]
    public void SelectChannels_OneChannel_IgnoresThePairAndAddsZeros()
    {
        Image image = new(1, 1, 2, [3, 4]);
        float[] selected = ImagePreparation.SelectChannels(image, new(2, 1), 2).Pixels;
        CollectionAssert.AreEqual(new float[] { 3, 4, 0, 0 }, selected);
    }

    [TestMethod]
    public void SelectChannels_Gray_IsMeanOfAllAndIgnoresTheSecond()
    {
        Image image = new(3, 1, 2, [1, 2, 3, 4, 5, 9]);
        float[] selected = ImagePreparation.SelectChannels(image, new(0, 3), 2).Pixels;
        CollectionAssert.AreEqual(new float[] { 3, 5, 0, 0 }, selected);
    }

    [TestMethod]
    public void SelectChannels_TwoAndOne_SwapsThem()
    {
        Image image = new(3, 1, 2, [1, 2, 3, 4, 5, 9]);
        float[] selected = ImagePreparation.SelectChannels(image, new(2, 1), 2).Pixels;
        CollectionAssert.AreEqual(new float[] { 3, 4, 1, 2 }, selected);
    }

    [TestMethod]
    public void SelectChannels_NoSecond_IsZeros()
    {
        Image image = new(3, 1, 2, [1, 2, 3, 4, 5, 9]);
        float[] selected = ImagePreparation.SelectChannels(image, new(3, 0), 2).Pixels;
        CollectionAssert.AreEqual(new float[] { 5, 9, 0, 0 }, selected);
    }

    [TestMethod]
    [DataRow(4, 0)]
    [DataRow(1, 4)]
    public void SelectChannels_MissingChannel_IsAMismatch(int first, int second)
    {
        Image image = new(3, 1, 1, [1, 2, 3]);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImagePreparation.SelectChannels(image, new(first, second), 2, "cells.png"));
        Assert.AreEqual(ErrorKind.ModelImageMismatch, error.Kind);
        StringAssert.Contains(error.Message, "cells.png", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Normalize_ZeroToTen_MapsPercentiles()
    {
        float[] values = Normalize(Enumerable.Range(0, 11).Select(i => (float)i).ToArray(), 11);
        Assert.AreEqual(-0.010204081f, values[0]);
        Assert.AreEqual(1.0102041f, values[10]);
    }

    [TestMethod]
    public void Normalize_FourValues_MatchesNumPy()
    {
        float[] values = Normalize([0, 1, 2, 1000], 2);
        Assert.AreEqual(-3.0926876e-05f, values[0], 1e-11f);
        Assert.AreEqual(9.9996908e-04f, values[1], 1e-10f);
        Assert.AreEqual(2.0308651e-03f, values[2], 1e-9f);
        Assert.AreEqual(1.0308650f, values[3], 1e-6f);
    }

    [TestMethod]
    public void Normalize_HardlyAnyContrast_IsZeros() =>
        CollectionAssert.AreEqual(new float[3], Normalize([5, 5.0005f, 5.0009f], 3));

    [TestMethod]
    public void Normalize_ConstantChannel_StaysAsVersion31LeavesIt() =>
        CollectionAssert.AreEqual(new float[] { 7, 7, 7 }, Normalize([7, 7, 7], 3));

    [TestMethod]
    public void Normalize_Invert_IsOneMinus()
    {
        float[] plain = Normalize([0, 1, 2, 1000], 2);
        Image image = new(1, 2, 2, [0, 1, 2, 1000]);
        ImagePreparation.Normalize(image, IntensityNormalization.Percentile, invert: true);
        CollectionAssert.AreEqual(Array.ConvertAll(plain, v => 1f - v), image.Pixels);
    }

    [TestMethod]
    public void Normalize_ZeroMeanUnitVariance_HasThem()
    {
        Image image = new(1, 2, 2, [1, 3, 5, 7]);
        ImagePreparation.Normalize(image, IntensityNormalization.ZeroMeanUnitVariance, invert: false);
        double deviation = Math.Sqrt(5) + 1e-6;
        double[] centred = [-3, -1, 1, 3];
        for (int i = 0; i < centred.Length; i++)
        {
            Assert.AreEqual(centred[i] / deviation, image.Pixels[i], 2e-7);
        }
    }

    [TestMethod]
    public void Normalize_NotANumber_NamesThePixel()
    {
        Image image = new(1, 2, 2, [0, 1, float.NaN, 2]);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => ImagePreparation.Normalize(
            image, IntensityNormalization.Percentile, invert: false, "a.tif"));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, "a.tif: the pixel at row 1, column 0", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Normalize_VeryLargeImage_UsesTheStridedSampleOnly()
    {
        // 4000 x 3000 is above 224^3, with steps 17 and 13: whatever lies between must not count.
        (int height, int width) = (4000, 3000);
        float[] pixels = new float[height * width];
        Array.Fill(pixels, 1e6f);
        int ordinal = 0;
        for (int y = 0; y < height; y += 17)
        {
            for (int x = 0; x < width; x += 13)
            {
                pixels[(y * width) + x] = ordinal++;
            }
        }

        Image image = new(1, height, width, pixels);
        ImagePreparation.Normalize(image, IntensityNormalization.Percentile, invert: false);
        double low = 0.01 * (ordinal - 1);
        double high = 0.99 * (ordinal - 1);
        Assert.AreEqual((0 - low) / (high - low), image.Pixels[0], 1e-6);
        Assert.AreEqual((1e6 - low) / (high - low), image.Pixels[1], 1e-4);
    }

    [TestMethod]
    public void Percentile_RandomValues_EqualsSorting()
    {
        uint state = 1;
        float[] values = new float[5000];
        for (int i = 0; i < values.Length; i++)
        {
            state = (state * 1664525) + 1013904223;
            values[i] = ((int)state / 1e5f) + (i % 3 == 0 ? 0 : -5);
        }

        float[] sorted = values.Order().ToArray();
        for (int rank = 0; rank < values.Length; rank += 7)
        {
            Assert.AreEqual(sorted[rank], OrderStatistics.Select(values, rank));
        }
    }

    [TestMethod]
    public void Prepare_Cyto3Image_EqualsCellposesNetworkInputBitForBit()
    {
        // The run padded by repeating the last row instead of the zero frame: only the image part is
        // comparable.
        float[] raw = GoldenFile.Floats("golden", "cyto3_image_075", "cellpose_img_075.raw.bin");
        float[] input = GoldenFile.Floats("golden", "cyto3_image_075", "cellpose_img_075.input.bin");
        SegmentationOptions options = new() { Diameter = 30, Channels = new(1, 2) };
        Image prepared = ImagePreparation.Prepare(new Image(2, 300, 240, raw), options, 2);
        CollectionAssert.AreEqual(input[..(300 * 240)], prepared.Plane(0).ToArray());
        CollectionAssert.AreEqual(input[(304 * 240)..][..(300 * 240)], prepared.Plane(1).ToArray());
    }

    [TestMethod]
    [DataRow(30.0, 17.0, 170, 113)]
    [DataRow(15.0, 30.0, 600, 400)]
    [DataRow(0.0, 30.0, 300, 200)]
    public void Prepare_Diameter_SetsTheSize(double diameter, double diamMean, int height, int width)
    {
        SegmentationOptions options = new() { Diameter = diameter, DiamMean = diamMean };
        Image prepared = ImagePreparation.Prepare(ImagePreparation.Blank(1, 300, 200), options, 2);
        Assert.AreEqual((2, height, width), (prepared.Channels, prepared.Height, prepared.Width));
    }

    [TestMethod]
    public void Prepare_DiameterLargerThanTheImage_LeavesOnePixel()
    {
        Image prepared = ImagePreparation.Prepare(
            ImagePreparation.Blank(1, 300, 2), new SegmentationOptions { Diameter = 10_000 }, 2);
        Assert.AreEqual((1, 1), (prepared.Height, prepared.Width));
    }

    [TestMethod]
    public void Prepare_DiameterThatMakesTheImageTooLarge_DoesNotFit()
    {
        SegmentationOptions options = new() { Diameter = 0.001 };
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImagePreparation.Prepare(ImagePreparation.Blank(1, 300, 200), options, 2));
        Assert.AreEqual(ErrorKind.ModelImageMismatch, error.Kind);
    }

    private static float[] Normalize(float[] pixels, int width)
    {
        Image image = new(1, pixels.Length / width, width, pixels);
        ImagePreparation.Normalize(image, IntensityNormalization.Percentile, invert: false);
        return image.Pixels;
    }
}
