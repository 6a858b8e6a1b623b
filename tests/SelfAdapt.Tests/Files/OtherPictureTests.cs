using System.Text;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Fuzz;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Pbm;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using Image = SelfAdapt.Files.Image;

namespace SelfAdapt.Tests.Files;

[TestClass]
internal sealed class OtherPictureTests
{
    private const int Width = 19;
    private const int Height = 13;

    [TestMethod]
    [DataRow("bmp")]
    [DataRow("tga")]
    [DataRow("ppm")]
    public void Decode_LosslessColours_GivesTheirPlanes(string format)
    {
        using Image<Rgb24> picture = new(Width, Height);
        Fill(picture, i => new Rgb24((byte)(i * 5), (byte)(i * 3), (byte)(255 - i)));

        Image image = ImageFile.Decode(Save(picture, format), "a");

        Assert.AreEqual(3, image.Channels);
        for (int i = 0; i < Width * Height; i++)
        {
            Rgb24 expected = picture[i % Width, i / Width];
            Assert.AreEqual(
                expected, new Rgb24((byte)image.Plane(0)[i], (byte)image.Plane(1)[i], (byte)image.Plane(2)[i]), $"{i}");
        }
    }

    [TestMethod]
    public void Decode_GrayOf16Bits_KeepsEveryValue()
    {
        using Image<L16> picture = new(Width, Height);
        Fill(picture, i => new L16((ushort)(i * 263)));

        Image image = ImageFile.Decode(Save(picture, "pgm16"), "a");

        Assert.AreEqual(1, image.Channels);
        CollectionAssert.AreEqual(Enumerable.Range(0, Width * Height).Select(i => i * 263f).ToArray(), image.Pixels);
    }

    [TestMethod]
    [DataRow("P2\n# gray\n3 1\n300\n0 299 300", 1, "0 299 300")]
    [DataRow("P2 3 1 15 0 5 15", 1, "0 85 255")]
    [DataRow("P1 3 1 01 1", 1, "255 0 0")]
    [DataRow("P3 1 1 255 1 2 3", 3, "1 2 3")]
    [DataRow("P4 3 1\n\x60", 1, "255 0 0")]
    [DataRow("P5 3 1 255\nABC", 1, "65 66 67")]
    [DataRow("P5 1 1 700\n\x01\x02", 1, "258")]
    public void Decode_PortableMaps_GiveTheirValues(string text, int channels, string values)
    {
        Image image = ImageFile.Decode(Encoding.Latin1.GetBytes(text), "a");

        Assert.AreEqual(channels, image.Channels);
        Assert.AreEqual(values, string.Join(' ', image.Pixels));
    }

    [TestMethod]
    [DataRow("P5 3 1 255\nAB")]
    [DataRow("P5 99999 99999 255\nAB")]
    [DataRow("P2 3 1 255 1 2")]
    [DataRow("P2 3 1 9 1 2 10")]
    [DataRow("P1 2 1 0 2")]
    [DataRow("P5 0 1 255 ")]
    [DataRow("P5 1 1 0 \x01\x01")]
    public void Decode_BrokenPortableMaps_AreRefused(string text) => Refused(Encoding.Latin1.GetBytes(text), "a: ");

    [TestMethod]
    public void Decode_BitmapOfGrays_HasOneChannel()
    {
        using Image<L8> picture = new(Width, Height);
        Fill(picture, i => new L8((byte)i));

        Assert.AreEqual(1, ImageFile.Decode(Save(picture, "bmp8"), "a").Channels);
    }

    [TestMethod]
    public void Decode_JpegWhoseComponentsHaveTheSameNumber_IsRefused()
    {
        using Image<Rgb24> picture = new(Width, Height);
        byte[] file = Save(picture, "jpeg colours");
        int frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        file[frame + 13] = file[frame + 10];

        Refused(file, "no valid JPEG");
    }

    [TestMethod]
    [DataRow("tga8")]
    [DataRow("jpeg")]
    public void Decode_FileThatSaysItIsGray_HasOneChannel(string format)
    {
        using Image<L8> picture = new(Width, Height);
        Fill(picture, i => new L8((byte)(i / 2)));

        Image image = ImageFile.Decode(Save(picture, format), "a");

        Assert.AreEqual(1, image.Channels);
        Assert.IsLessThan(3f, image.Pixels.Select((v, i) => Math.Abs(v - (i / 2))).Max());
    }

    [TestMethod]
    public void Decode_Webp_LossyIsReadAndLosslessRefused()
    {
        using Image<Rgb24> picture = new(Width, Height, new Rgb24(200, 100, 50));

        Image image = ImageFile.Decode(Save(picture, "webp"), "a");

        Assert.AreEqual((3, Height, Width), (image.Channels, image.Height, image.Width));
        Assert.AreEqual(200, image.Plane(0)[0], 6f);
        Refused(Save(picture, "webp lossless"), "lossless WebP");
    }

    [TestMethod]
    public void Decode_SeveralFrames_IsRefusedWithAdvice()
    {
        using Image<Rgb24> picture = new(Width, Height);
        picture.Frames.AddFrame(picture.Frames.RootFrame);

        Refused(Save(picture, "gif"), "several pictures");
    }

    [TestMethod]
    public void Decode_SizeThatTheFileCannotHold_IsRefusedBeforeItIsDecoded()
    {
        using Image<Rgb24> picture = new(Width, Height);
        byte[] file = Save(picture, "bmp");
        (file[19], file[23]) = (8, 8);
        long before = GC.GetAllocatedBytesForCurrentThread();

        // 2,067 x 2,061 pixels.
        Refused(file, "bytes can hold");

        Assert.IsLessThan(10_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(126)]
    [DataRow(130)]
    public void Decode_BitmapThatPointsBehindItsEnd_TakesNoMemory(int at)
    {
        byte[] file = SeedFiles.OtherPictures().First(f => f.AsSpan().StartsWith("BM"u8) && f[14] == 124);
        ImageFile.Decode(file, "a");
        file[at + 3] = 0x60;
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused(file, $"byte {at}");

        Assert.IsLessThan(10_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Decode_CutOffAtEveryByte_IsReadOrRefused()
    {
        foreach (byte[] file in SeedFiles.OtherPictures())
        {
            for (int length = 1; length < file.Length; length += 1 + (file.Length / 60))
            {
                try
                {
                    ImageFile.Decode(file[..length], "a");
                }
                catch (SelfAdaptException e) when (e.Kind == ErrorKind.UnreadableInput)
                {
                    Assert.StartsWith("a: ", e.Message);
                }
            }
        }
    }

    [TestMethod]
    public void ReadLabels_FromAPhoto_IsRefusedWithAdvice()
    {
        using Image<L8> picture = new(Width, Height);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => ImageFile.DecodeSingle(new FileBytes("a", Save(picture, "jpeg")), labels: true));
        Assert.Contains("labels are read from PNG", error.Message);
    }

    private static void Refused(byte[] file, string why)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => ImageFile.Decode(file, "a"));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        Assert.Contains(why, error.Message);
    }

    private static void Fill<TPixel>(Image<TPixel> picture, Func<int, TPixel> value)
        where TPixel : unmanaged, IPixel<TPixel>
    {
        for (int i = 0; i < Width * Height; i++)
        {
            picture[i % Width, i / Width] = value(i);
        }
    }

    private static byte[] Save(SixLabors.ImageSharp.Image picture, string format)
    {
        IImageEncoder encoder = format switch
        {
            "bmp" => new BmpEncoder(),
            "gif" => new GifEncoder(),
            "webp" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = 95 },
            "webp lossless" => new WebpEncoder { FileFormat = WebpFileFormatType.Lossless },
            "bmp8" => new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel8 },
            "jpeg colours" => new JpegEncoder { ColorType = JpegColorType.YCbCrRatio420 },
            "tga" => new TgaEncoder(),
            "tga8" => new TgaEncoder { BitsPerPixel = TgaBitsPerPixel.Pixel8 },
            "ppm" => new PbmEncoder { ColorType = PbmColorType.Rgb },
            "pgm16" => new PbmEncoder { ColorType = PbmColorType.Grayscale, ComponentType = PbmComponentType.Short },
            _ => new JpegEncoder { Quality = 100, ColorType = JpegColorType.Luminance },
        };
        using MemoryStream file = new();
        picture.Save(file, encoder);
        return file.ToArray();
    }
}
