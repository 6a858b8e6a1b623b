using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Fuzz;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using ZstdSharp;
using Image = SelfAdapt.Files.Image;

namespace SelfAdapt.Tests.Files;

/// <summary>TIFF pages of every kind of storage, compression and colour.</summary>
[TestClass]
internal sealed class TiffKindsTests
{
    private const int Side = 16;

    private static byte[] Ramp => [.. Enumerable.Range(0, Side * Side).Select(i => (byte)i)];

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    public void Decode_SparseTilesUnderStripsOrTiles_AreZeros(int compression)
    {
        byte[]?[] tiles = [.. Enumerable.Range(1, 4).Select(
            t => t == 2 ? null : compression == 8 ? Inflater.Deflate(Tile(t)) : Tile(t))];
        foreach (bool listedAsTiles in (bool[])[true, false])
        {
            byte[] file = new TiffBuilder().Page(
                Side, Side, tiles, (TiffTag.TileWidth, 8), (TiffTag.TileLength, 8), (TiffTag.Compression, compression),
                (TiffTag.RowsPerStrip, null), (TiffTag.TileOffsets, listedAsTiles ? 0 : null)).ToArray();

            float[] pixels = Read(file).Pixels;

            CollectionAssert.AreEqual(
                new float[] { 1, 0, 3, 4 }, new[] { pixels[0], pixels[15], pixels[240], pixels[255] });
        }

        static byte[] Tile(int value) => [.. Enumerable.Repeat((byte)value, 64)];
    }

    [TestMethod]
    public void Decode_SparseStrip_IsZeros()
    {
        byte[] file = new TiffBuilder().Page(
            Side, Side, [Ramp[..128], null], (TiffTag.RowsPerStrip, 8)).ToArray();

        CollectionAssert.AreEqual(
            Enumerable.Range(0, 256).Select(i => i < 128 ? (float)i : 0).ToArray(), Read(file).Pixels);
    }

    [TestMethod]
    public void Decode_AllSparseHugePage_IsRefused()
    {
        byte[] file = new TiffBuilder().Page(20_000, 10_000, [null]).ToArray();

        Refused(file, "can't hold");
    }

    [TestMethod]
    public void Decode_EveryDepthOfPackedBits_GivesItsValues()
    {
        foreach (bool bigEndian in (bool[])[false, true])
        {
            for (int bits = 1; bits <= 31; bits++)
            {
                uint[] values = [.. Enumerable.Range(0, 3 * 7).Select(i => (uint)(((1L << bits) - 1) * (i % 5) / 4))];
                byte[] file = new TiffBuilder(bigEndian).Page(
                    7, 3, [Pack(values, 7, bits, bigEndian)], (TiffTag.BitsPerSample, bits)).ToArray();
                float[] expected = [.. values.Select(v => bits < 8 ? (float)(v * 255 / ((1 << bits) - 1)) : v)];

                CollectionAssert.AreEqual(expected, Read(file).Pixels, $"{bits} bits");
                if (bits < 8)
                {
                    CollectionAssert.AreEqual(
                        values.Select(v => (float)v).ToArray(),
                        new TiffReader(new FileBytes("a", file), asLabels: true).Decode(0).ToImage().Pixels, "labels");
                }
            }
        }
    }

    [TestMethod]
    public void Decode_BilevelWithWhiteAsZero_ShowsWhiteHighest()
    {
        byte[] file = new TiffBuilder().Page(
            8, 1, [[0b10100000]], (TiffTag.BitsPerSample, 1), (TiffTag.Photometric, 0)).ToArray();

        CollectionAssert.AreEqual(new float[] { 0, 255, 0, 255, 255, 255, 255, 255 }, Read(file).Pixels);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    public void Decode_BitsInReverse_AreTurned(int compression)
    {
        byte[] stored = compression == 8 ? Inflater.Deflate(Ramp) : Ramp;
        byte[] reversed = Array.ConvertAll(
            stored, b => (byte)Enumerable.Range(0, 8).Sum(i => ((b >> i) & 1) << (7 - i)));

        AssertRamp(reversed, (TiffTag.FillOrder, 2), (TiffTag.Compression, compression));
    }

    [TestMethod]
    public void Decode_Zstandard_GivesItsValues()
    {
        using Compressor compressor = new();
        AssertRamp(compressor.Wrap(Ramp).ToArray(), (TiffTag.Compression, 50000));
        Refused(Gray(compressor.Wrap(Ramp).ToArray()[..^5], (TiffTag.Compression, 50000)), "does not decompress");
        byte[] differences = [.. Ramp.Select((v, i) => (byte)(i % Side == 0 ? v : 1))];
        AssertRamp(compressor.Wrap(differences).ToArray(), (TiffTag.Compression, 50000), (TiffTag.Predictor, 2));
    }

    [TestMethod]
    public void Decode_LzwAsItWasBefore1992_GivesItsValues()
    {
        // Codes with their low bits first, and a width that grows when a code needs it; no string is repeated here.
        List<byte> packed = [];
        (ulong window, int held, int next, int bits) = (0, 0, 257, 9);
        byte[] data = [.. Enumerable.Range(0, 64 * 16).Select(i => (byte)(i * 7))];
        foreach (int code in (int[])[256, .. data.Select(d => (int)d), 257])
        {
            window |= (ulong)code << held;
            for (held += bits; held >= 8; held -= 8)
            {
                packed.Add((byte)window);
                window >>= 8;
            }

            next++;
            bits = next > 2048 ? 12 : next > 1024 ? 11 : next > 512 ? 10 : 9;
        }

        packed.Add((byte)window);
        byte[] target = new byte[data.Length];

        Assert.AreEqual(data.Length, LzwDecoder.Decode([.. packed], target));
        CollectionAssert.AreEqual(data, target);
    }

    [TestMethod]
    public void Decode_Fax_GivesBlackAndWhite()
    {
        // Group 4 (T.6): three white and five black pixels, the same again, and the end of the block.
        byte[] data = [0b00110000, 0b01111000, 0b00000000, 0b10000000, 0b00001000];
        float[] row = [255, 255, 255, 0, 0, 0, 0, 0];
        byte[] file = new TiffBuilder().Page(
            8, 2, [data], (TiffTag.BitsPerSample, 1), (TiffTag.Compression, 4), (TiffTag.Photometric, null)).ToArray();

        CollectionAssert.AreEqual((float[])[.. row, .. row], Read(file).Pixels);
    }

    [TestMethod]
    [DataRow(7)]
    [DataRow(6)]
    public void Decode_JpegInside_GivesItsPicture(int compression)
    {
        foreach (bool colours in (bool[])[false, true])
        {
            byte[] jpeg = Jpeg(colours);
            int samples = colours ? 3 : 1;
            byte[] file = new TiffBuilder().Page(
                Side, Side, [jpeg], (TiffTag.Compression, compression), (TiffTag.Photometric, colours ? 6 : 1),
                (TiffTag.SamplesPerPixel, samples), (TiffTag.BitsPerSample, Enumerable.Repeat(8L, samples).ToArray()))
                .ToArray();
            Image expected = ImageOf(jpeg);

            Assert.AreEqual((samples, Side, Side), (expected.Channels, expected.Height, expected.Width));
            CollectionAssert.AreEqual(expected.Pixels, Read(file).Pixels);
            Refused(CutOff(file, jpeg), "can't be decoded");
        }
    }

    [TestMethod]
    public void Decode_OldJpegOfStripsWithTablesElsewhere_GivesItsPicture()
    {
        // A stream's head lies by itself; what two strips of the same rows store is its scan.
        byte[] jpeg = Jpeg(colours: true);
        int scan = Find(jpeg, 0xDA);
        int data = scan + 2 + (jpeg[scan + 2] << 8) + jpeg[scan + 3];
        byte[] file = new TiffBuilder().Page(
            Side, 2 * Side, [jpeg[data..^2], jpeg[data..^2], jpeg[..data]], (TiffTag.Compression, 6),
            (TiffTag.Photometric, 6), (TiffTag.SamplesPerPixel, 3), (TiffTag.RowsPerStrip, Side),
            (TiffTag.OldJpegStream, 8 + (2 * (jpeg.Length - 2 - data))), (TiffTag.OldJpegStreamLength, data)).ToArray();
        float[] whole = ImageOf(jpeg).Pixels;
        Image image = Read(file);

        for (int c = 0; c < 3; c++)
        {
            float[] plane = whole[(c * 256)..((c + 1) * 256)];
            CollectionAssert.AreEqual((float[])[.. plane, .. plane], image.Plane(c).ToArray());
        }
    }

    [TestMethod]
    public void Decode_JpegLargerThanItsPlace_IsRefused()
    {
        byte[] file = new TiffBuilder().Page(8, 8, [Jpeg(colours: false)], (TiffTag.Compression, 7)).ToArray();

        Refused(file, "16 x 16");
    }

    [TestMethod]
    public void Decode_WebpInside_GivesItsPicture()
    {
        using Image<Rgb24> picture = new(Side, Side, new Rgb24(200, 100, 50));
        using MemoryStream lossy = new();
        picture.Save(lossy, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy, Quality = 95 });
        using MemoryStream lossless = new();
        picture.Save(lossless, new WebpEncoder { FileFormat = WebpFileFormatType.Lossless });

        Assert.AreEqual(200, Read(Rgb(lossy.ToArray(), 50001)).Pixels[0], 6f);
        Refused(Rgb(lossless.ToArray(), 50001), "lossless WebP");
        Refused(
            Gray(lossy.ToArray(), (TiffTag.Compression, 50001), (TiffTag.Photometric, 6), (TiffTag.SamplesPerPixel, 3)),
            "no WebP picture of its size");
    }

    [TestMethod]
    public void Decode_YCbCr_ComesAsRgb()
    {
        // Cells of 2 x 2 pixels: four of luma, then chroma. A dark one and a white one, then red.
        byte[] cells = [10, 20, 30, 40, 128, 128, 255, 255, 255, 255, 128, 128, 76, 76, 76, 76, 85, 255];
        byte[] file = new TiffBuilder().Page(
            6, 2, [cells], (TiffTag.Photometric, 6), (TiffTag.SamplesPerPixel, 3),
            (TiffTag.YCbCrSubsampling, new short[] { 2, 2 })).ToArray();
        Image image = Read(file);

        CollectionAssert.AreEqual(new float[] { 10, 20, 255, 255 }, image.Plane(1)[..4].ToArray());
        CollectionAssert.AreEqual(new float[] { 30, 40, 255, 255 }, image.Plane(2)[6..10].ToArray());
        Assert.AreEqual(254, image.Plane(0)[4], 1f);
        Assert.AreEqual(0, image.Plane(1)[4], 1f);
    }

    [TestMethod]
    [DataRow(8)]
    [DataRow(16)]
    public void Decode_Cmyk_ComesAsLight(int bits)
    {
        int size = bits / 8;
        byte[] values = [255, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0];
        byte[] inks = [.. values.SelectMany(v => Enumerable.Repeat(v, size))];
        byte[] file = new TiffBuilder().Page(
            3, 1, [inks], (TiffTag.Photometric, 5), (TiffTag.SamplesPerPixel, 4),
            (TiffTag.BitsPerSample, bits)).ToArray();
        float white = bits == 8 ? 255 : 65535;
        Image image = Read(file);

        CollectionAssert.AreEqual(new[] { 0, 0, white, white, 0, white, white, 0, white }, image.Pixels);
    }

    [TestMethod]
    [DataRow(8, 8, 3)]
    [DataRow(8, 16, 3)]
    [DataRow(8, 8, 4)]
    [DataRow(9, 8, 3)]
    public void Decode_Lab_ComesAsRgb(int photometric, int bits, int samples)
    {
        // White, black, and a red: ICC's Lab counts a and b from 128.
        int zero = photometric == 9 ? 128 : 0;
        int[] values = [255, zero, zero, 0, zero, zero, 135, zero + 70, zero + 50];
        byte[] stored = [.. Enumerable.Range(0, 3).SelectMany(p => Enumerable.Range(0, samples)
            .SelectMany(c => Enumerable.Repeat((byte)(c < 3 ? values[(3 * p) + c] : 77), bits / 8)))];
        byte[] file = new TiffBuilder().Page(
            3, 1, [stored], (TiffTag.Photometric, photometric), (TiffTag.SamplesPerPixel, samples),
            (TiffTag.BitsPerSample, bits)).ToArray();
        Image image = Read(file);

        for (int c = 0; c < 3; c++)
        {
            Assert.AreEqual(255, image.Plane(c)[0], 40f);
            Assert.AreEqual(0, image.Plane(c)[1], 3f);
        }

        Assert.IsGreaterThan(image.Plane(1)[2] + 100, image.Plane(0)[2]);
    }

    [TestMethod]
    [DataRow(34925, "LZMA")]
    [DataRow(33003, "JPEG 2000")]
    [DataRow(32809, "ThunderScan")]
    public void Decode_OtherCompressions_AreRefusedByName(int compression, string name) =>
        Refused(Gray(Ramp, (TiffTag.Compression, compression)), name);

    [TestMethod]
    public void Decode_RowsOfEveryKind_AreThoseOfTheWhole()
    {
        foreach (byte[] file in SeedFiles.TiffKinds())
        {
            TiffReader reader = new(new FileBytes("a", file));
            (int channels, int height, int width) = reader.SizeOf(0);
            float[] whole = reader.Decode(0).ToImage().Pixels;
            int first = height / 3;
            float[] rows = reader.Decode(0, first, height - first).ToImage().Pixels;
            for (int c = 0; c < channels; c++)
            {
                CollectionAssert.AreEqual(
                    whole[(((c * height) + first) * width)..((c + 1) * height * width)],
                    rows[(c * (height - first) * width)..((c + 1) * (height - first) * width)]);
            }
        }
    }

    private static byte[] Pack(uint[] values, int perRow, int bits, bool bigEndian)
    {
        List<byte> packed = [];
        foreach (uint[] row in values.Chunk(perRow))
        {
            string text = string.Concat(row.Select(v => Convert.ToString(v, 2).PadLeft(bits, '0')));
            string whole = text.PadRight((text.Length + 7) / 8 * 8, '0');
            packed.AddRange(whole.Chunk(8).Select(b => Convert.ToByte(new string(b), 2)));
        }

        // Values of whole bytes go in the file's order.
        return bits % 8 != 0 || bigEndian ? [.. packed] : [.. packed.Chunk(bits / 8).SelectMany(v => v.Reverse())];
    }

    private static byte[] Jpeg(bool colours)
    {
        using Image<Rgb24> picture = new(Side, Side);
        for (int i = 0; i < Side * Side; i++)
        {
            picture[i % Side, i / Side] = new Rgb24((byte)i, (byte)(255 - i), (byte)(i % Side * 16));
        }

        using MemoryStream file = new();
        picture.Save(file, new JpegEncoder
        {
            Quality = 90,
            ColorType = colours ? JpegColorType.YCbCrRatio420 : JpegColorType.Luminance,
        });
        return file.ToArray();
    }

    private static int Find(byte[] jpeg, int marker) =>
        Enumerable.Range(0, jpeg.Length - 1).First(i => jpeg[i] == 0xFF && jpeg[i + 1] == marker);

    private static byte[] CutOff(byte[] file, byte[] jpeg)
    {
        byte[] cut = [.. file];
        cut.AsSpan(8 + jpeg.Length - (jpeg.Length / 8), jpeg.Length / 8).Clear();
        cut[8 + jpeg.Length - (jpeg.Length / 8)] = 0xFF;
        cut[8 + jpeg.Length - (jpeg.Length / 8) + 1] = 0xD9;
        return cut;
    }

    private static byte[] Gray(byte[] strip, params (TiffTag, object?)[] tags) =>
        new TiffBuilder().Page(Side, Side, [strip], tags).ToArray();

    private static byte[] Rgb(byte[] strip, int compression) => Gray(
        strip, (TiffTag.Compression, compression), (TiffTag.Photometric, 2), (TiffTag.SamplesPerPixel, 3));

    private static void AssertRamp(byte[] strip, params (TiffTag, object?)[] tags) =>
        CollectionAssert.AreEqual(Ramp.Select(v => (float)v).ToArray(), Read(Gray(strip, tags)).Pixels);

    private static Image Read(byte[] file) => new TiffReader(new FileBytes("a", file)).Decode(0).ToImage();

    private static Image ImageOf(byte[] file) => SelfAdapt.Files.Images.ImageFile.Decode(file, "a");

    private static void Refused(byte[] file, string why)
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => Read(file));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        Assert.Contains(why, error.Message);
    }
}
