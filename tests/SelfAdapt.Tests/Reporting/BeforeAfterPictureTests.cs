using SelfAdapt.Files;
using SelfAdapt.Files.Png;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation.Results;
using SixLabors.ImageSharp.PixelFormats;

namespace SelfAdapt.Tests.Reporting;

[TestClass]
internal sealed class BeforeAfterPictureTests
{
    private static readonly Rgb24 Yellow = new(255, 214, 0);
    private static readonly Rgb24 Magenta = new(255, 64, 220);
    private static readonly Rgb24 Green = new(60, 255, 90);

    [TestMethod]
    public void EncodePng_SharedLostAndGainedObjects_HaveTheirColours()
    {
        // 600 px wide images are shown as they are; three 10 x 10 squares at x = 50, 200, 400.
        LabelImage before = Squares(600, 40, [50, 200]);
        LabelImage after = Squares(600, 40, [50, 400]);
        RgbPicture picture = Draw(Gradient(600, 40), before, after);
        (int left, int right, int top) = Origin(picture, 600, 40);

        Assert.AreEqual(Yellow, picture[left + 50, top + 10]);
        Assert.AreEqual(Yellow, picture[right + 59, top + 19]);
        Assert.AreEqual(Magenta, picture[left + 200, top + 10]);
        Assert.AreEqual(Green, picture[right + 400, top + 10]);
        AssertGray(picture[right + 200, top + 10]);
        AssertGray(picture[left + 400, top + 10]);
        AssertGray(picture[left + 55, top + 15]);
    }

    [TestMethod]
    public void EncodePng_SmallImage_IsMagnifiedToReadableSize()
    {
        RgbPicture picture =
            Draw(Gradient(128, 64), Squares(128, 64, []), Squares(128, 64, []));

        Assert.IsGreaterThanOrEqualTo(2 * 4 * 128, picture.Width);
        Assert.IsGreaterThanOrEqualTo(4 * 64, picture.Height);
    }

    [TestMethod]
    public void EncodePng_LargeImage_IsReduced()
    {
        RgbPicture picture = Draw(Gradient(2000, 100), Squares(2000, 100, [50]), Squares(2000, 100, []));

        Assert.IsLessThan(1900, picture.Width);
    }

    [TestMethod]
    public void EncodePng_SeveralPanels_AreAboveEachOther()
    {
        BeforeAfterPanel panel = new(
            Gradient(600, 40), Squares(600, 40, [5]), Squares(600, 40, [5]));
        int one = RgbPicture.Decode(BeforeAfterPicture.EncodePng([panel])).Height;
        int two = RgbPicture.Decode(BeforeAfterPicture.EncodePng([panel, panel])).Height;
        int three = RgbPicture.Decode(BeforeAfterPicture.EncodePng([panel, panel, panel])).Height;

        Assert.AreEqual(three - two, two - one);
        Assert.IsGreaterThan(40, two - one);
    }

    [TestMethod]
    public void EncodePng_MismatchedLabels_Throws()
    {
        BeforeAfterPanel panel = new(
            Gradient(60, 40), Squares(60, 41, []), Squares(60, 40, []));

        Assert.ThrowsExactly<ArgumentException>(() => BeforeAfterPicture.EncodePng([panel]));
        Assert.ThrowsExactly<ArgumentException>(() => BeforeAfterPicture.EncodePng([]));
        Assert.ThrowsExactly<ArgumentException>(() => BeforeAfterPicture.EncodePng(
            [panel with { Before = panel.After }], channel: 1));
    }

    [TestMethod]
    public void Of_OverlapOfExactlyHalf_IsAPair()
    {
        // Areas 3 and 3 with 2 shared: 2 / 4. Then 3 and 3 with 1 shared: 1 / 5.
        LabelImage before = new(1, 10, [1, 1, 1, 0, 0, 2, 2, 2, 0, 0]);
        LabelImage after = new(1, 10, [0, 7, 7, 7, 0, 0, 0, 9, 9, 9]);
        ObjectPairing pairs = ObjectPairing.Of(before, after);

        CollectionAssert.AreEqual(new[] { 1 }, pairs.Before.ToArray());
        CollectionAssert.AreEqual(new[] { 7 }, pairs.After.ToArray());
    }

    [TestMethod]
    public void Stretch_Ramp_RunsFromBlackToWhite()
    {
        Image image = new(
            2, 1, 1000, [.. Enumerable.Range(0, 1000).Select(i => (float)i), .. new float[1000]]);
        byte[] gray = GrayRendering.Stretch(image, channel: null);

        Assert.AreEqual(0, gray[9]);
        Assert.AreEqual(255, gray[^1]);
        Assert.AreEqual(127.5, gray[500], 2);
        Assert.IsTrue(GrayRendering.Stretch(image, channel: 1).All(g => g == 0));
    }

    private static void AssertGray(Rgb24 colour)
        => Assert.IsTrue(colour.R == colour.G && colour.G == colour.B, colour.ToString());

    private static RgbPicture Draw(Image image, LabelImage before, LabelImage after)
        => RgbPicture.Decode(BeforeAfterPicture.EncodePng([new(image, before, after)]));

    // The gradient begins with a black column and row that nothing else on the ground colour has.
    private static (int Left, int Right, int Top) Origin(RgbPicture picture, int width, int height)
    {
        int left = (picture.Width - (2 * width)) / 3;
        int top = Enumerable.Range(0, picture.Height - height).First(
            y => picture[left, y] == new Rgb24(0, 0, 0) && picture[left, y + height - 1] == new Rgb24(0, 0, 0));
        return (left, width + (2 * left), top);
    }

    private static Image Gradient(int width, int height)
        => new(1, height, width, [.. Enumerable.Range(0, width * height).Select(i => (float)(i % width))]);

    private static LabelImage Squares(int width, int height, int[] lefts)
    {
        int[] labels = new int[width * height];
        for (int i = 0; i < lefts.Length; i++)
        {
            for (int y = 10; y < 20; y++)
            {
                labels.AsSpan((y * width) + lefts[i], 10).Fill(i + 1);
            }
        }

        return new LabelImage(height, width, labels);
    }

    private sealed record RgbPicture(int Width, int Height, byte[] Planes)
    {
        public Rgb24 this[int x, int y]
        {
            get
            {
                (int at, int plane) = ((y * Width) + x, Width * Height);
                return new Rgb24(Planes[at], Planes[at + plane], Planes[at + (2 * plane)]);
            }
        }

        public static RgbPicture Decode(byte[] png)
        {
            Raster raster = PngReader.Decode(new FileBytes("picture", png), asLabels: false);
            return new RgbPicture(raster.Width, raster.Height, raster.Samples.Bytes);
        }
    }
}
