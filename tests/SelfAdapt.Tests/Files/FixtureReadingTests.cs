using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Files.Tiff;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class FixtureReadingTests
{
    [TestMethod]
    [DataRow("TiffUInt8", 1, 1.0, 0.0)]
    [DataRow("TiffBigEndianInt16", 1, 100.0, -9000.0)]
    [DataRow("BigTiffTiledFloat32", 1, 0.25, 0.0)]
    [DataRow("BigTiffBigEndianUInt32Predictor", 1, 1000003.0, 0.0)]
    [DataRow("TiffRgbPlanar16", 3, 200.0, 0.0)]
    [DataRow("TiffFloat64", 1, 0.125, 0.0)]
    [DataRow("TiffThreePages", 3, 1.0, 0.0)]
    [DataRow("LibtiffLzwRgb", 3, 1.0, 0.0)]
    [DataRow("LibtiffPackbitsRgb", 3, 1.0, 0.0)]
    [DataRow("LibtiffDeflateRgb", 3, 1.0, 0.0)]
    [DataRow("LibtiffLzwPredictor2", 3, 1.0, 0.0)]
    [DataRow("LibtiffFloatPredictor3", 1, 0.25, 0.0)]
    [DataRow("PngGray8", 1, 1.0, 0.0)]
    [DataRow("PngGray16", 1, 200.0, 0.0)]
    [DataRow("PngRgb", 3, 1.0, 0.0)]
    [DataRow("PngRgba", 3, 1.0, 0.0)]
    [DataRow("NpyBigEndianFloat64Fortran", 1, 0.125, 0.0)]
    [DataRow("NpyUInt8ChannelsLast", 3, 1.0, 0.0)]
    [DataRow("NpyInt64", 1, 1.0, 0.0)]
    public void DecodeSingle_FilesOfOtherPrograms_GiveTheFormulasPixels(
        string name, int channels, double factor, double offset)
    {
        Image image = ImageFile.DecodeSingle(Fixtures.Get(name), labels: false).ToImage();

        Assert.AreEqual((channels, 5, 6), (image.Channels, image.Height, image.Width));
        AssertPixels(image, [.. Enumerable.Range(0, channels)], factor, offset);
    }

    [TestMethod]
    [DataRow("PngBit1", false, 255f)]
    [DataRow("PngBit1", true, 1f)]
    [DataRow("NpyVersion3Bool", false, 1f)]
    public void DecodeSingle_BinaryImages_GiveZeroAndTheHighest(string name, bool labels, float highest)
    {
        Image image = ImageFile.DecodeSingle(Fixtures.Get(name), labels).ToImage();

        for (int i = 0; i < image.Pixels.Length; i++)
        {
            Assert.AreEqual(Fixtures.Value(0, i / 6, i % 6) > 100 ? highest : 0f, image.Pixels[i]);
        }
    }

    [TestMethod]
    public void DecodeSingle_PalettePng_GivesColoursOrIndices()
    {
        float[][] palette = [[0, 0, 0], [255, 0, 0], [0, 255, 0], [9, 8, 7]];
        Image colours = ImageFile.DecodeSingle(Fixtures.Get("PngPalette2"), labels: false).ToImage();
        LabelImage labels = ImageFile.DecodeSingle(Fixtures.Get("PngPalette2"), labels: true)
            .ToLabels(Fixtures.Get("PngPalette2"));

        Assert.AreEqual(3, colours.Channels);
        for (int i = 0; i < 30; i++)
        {
            int index = (int)Fixtures.Value(0, i / 6, i % 6) / 64;
            Assert.AreEqual(index, labels.Labels[i]);
            for (int c = 0; c < 3; c++)
            {
                Assert.AreEqual(palette[index][c], colours.Plane(c)[i]);
            }
        }
    }

    // ImageJ and OME's XYCZT hold the channels of a slice next to each other; OME's XYZCT holds them apart.
    [TestMethod]
    [DataRow("ImageJTwoChannelsThreeSlices", 3, 2, 1)]
    [DataRow("ImageJOneDirectory", 3, 2, 1)]
    [DataRow("OmeChannelsBeforeSlices", 3, 2, 1)]
    [DataRow("OmeSlicesBeforeChannels", 3, 2, 3)]
    [DataRow("TiffSixPages", 6, 1, 1)]
    public void Decode_Stacks_GiveOneImagePerPosition(
        string name, int images, int channels, int channelStride)
    {
        TiffReader tiff = new(Fixtures.Get(name));

        Assert.AreEqual(images, tiff.ImageCount);
        for (int i = 0; i < images; i++)
        {
            int first = channelStride == 1 ? i * channels : i;
            int[] planes = [.. Enumerable.Range(0, channels).Select(c => first + (c * channelStride))];
            AssertPixels(tiff.Decode(i).ToImage(), planes, 1, 0);
        }
    }

    [TestMethod]
    public void DecodeSingle_Stack_NamesTheCountOfImages()
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImageFile.DecodeSingle(Fixtures.Get("TiffSixPages"), labels: false));

        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, "TiffSixPages: it holds 6 images");
    }

    [TestMethod]
    public void DecodeSingle_NpyOfObjects_IsRefusedByName()
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImageFile.DecodeSingle(Fixtures.Get("NpyObject"), labels: false));

        StringAssert.Contains(error.Message, "Python objects");
    }

    [TestMethod]
    [DataRow("JPEG", new byte[] { 0xFF, 0xD8, 0xFF, 0xE0 }, "JPEG: it")]
    [DataRow("text", new byte[] { 65, 66, 67 }, "neither a PNG")]
    public void DecodeSingle_OtherContent_IsRefusedByName(string name, byte[] content, string expected)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImageFile.DecodeSingle(new FileBytes(name, content), labels: false));

        StringAssert.Contains(error.Message, expected);
    }

    private static void AssertPixels(Image image, int[] planes, double factor, double offset)
    {
        Assert.AreEqual(planes.Length, image.Channels);
        for (int c = 0; c < planes.Length; c++)
        {
            for (int i = 0; i < 30; i++)
            {
                float expected = Fixtures.Value(planes[c], i / 6, i % 6, factor, offset);
                Assert.AreEqual(expected, image.Plane(c)[i], $"channel {c}, pixel {i}");
            }
        }
    }
}
