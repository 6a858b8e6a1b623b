using System.Buffers.Binary;
using System.IO.Hashing;
using SelfAdapt.Files;
using SelfAdapt.Files.Png;
using SelfAdapt.Files.Tiff;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats;
using SixLabors.ImageSharp.Formats.Bmp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Pbm;
using SixLabors.ImageSharp.Formats.Tga;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.PixelFormats;
using ZstdSharp;
using SharpImage = SixLabors.ImageSharp.Image;

namespace SelfAdapt.Fuzz;

internal static partial class SeedFiles
{
    /// <summary>
    /// A picture in every format that ImageSharp reads for us, gray and in colours, one frame and two.
    /// </summary>
    public static IEnumerable<byte[]> OtherPictures()
    {
        using Image<Rgb24> colours = new(24, 17);
        using Image<L8> gray = new(24, 17);
        for (int i = 0; i < 24 * 17; i++)
        {
            colours[i % 24, i / 24] = new Rgb24((byte)(i * 7), (byte)(i * 3), (byte)i);
            gray[i % 24, i / 24] = new L8((byte)(i * 11));
        }

        using Image<Rgb24> frames = colours.Clone();
        frames.Frames.AddFrame(colours.Frames.RootFrame);
        (SharpImage Picture, IImageEncoder Encoder)[] files =
        [
            (colours, new JpegEncoder { Quality = 80 }), (gray, new JpegEncoder { ColorType = JpegColorType.Luminance }),
            (colours, new BmpEncoder()), (gray, new BmpEncoder { BitsPerPixel = BmpBitsPerPixel.Pixel8 }),
            (colours, new GifEncoder()), (frames, new GifEncoder()),
            (colours, new WebpEncoder { FileFormat = WebpFileFormatType.Lossless }),
            (colours, new WebpEncoder { FileFormat = WebpFileFormatType.Lossy }),
            (colours, new TgaEncoder()), (gray, new TgaEncoder { BitsPerPixel = TgaBitsPerPixel.Pixel8 }),
            (colours, new PbmEncoder { ColorType = PbmColorType.Rgb }),
            (gray, new PbmEncoder { ColorType = PbmColorType.Grayscale, ComponentType = PbmComponentType.Short }),
            (gray, new PbmEncoder { Encoding = PbmEncoding.Plain, ColorType = PbmColorType.BlackAndWhite }),
        ];
        foreach ((SharpImage picture, IImageEncoder encoder) in files)
        {
            using MemoryStream file = new();
            picture.Save(file, encoder);
            yield return file.ToArray();
            if (encoder is BmpEncoder { BitsPerPixel: null })
            {
                yield return WithProfile(file.ToArray());
            }
        }
    }

    public static byte[] Tiff(SampleKind kind, int planes, int height, int width, string description = "")
    {
        byte[] values = new byte[planes * height * width * kind.Size()];
        Noise(values);
        return TiffWriter.Encode(kind, planes, height, width, values, description);
    }

    /// <summary>A TIFF page: any compression, strips, byte order.</summary>
    public static byte[] TiffOf(bool big, int width, int height, int compression, params byte[][] strips) =>
        new TiffBuilder(big).Page(
            width, height, strips, (TiffTag.Compression, compression),
            (TiffTag.RowsPerStrip, (height + strips.Length - 1) / strips.Length)).ToArray();

    /// <summary>TIFF files of every kind of storage, colours and descriptions.</summary>
    public static IEnumerable<byte[]> TiffKinds()
    {
        const int Side = 16;
        byte[] plain = new byte[Side * Side * 4];
        Noise(plain);
        byte[] gray = plain[..(Side * Side)];
        byte[] rgb = plain[..(Side * Side * 3)];
        using Image<Rgb24> picture = SharpImage.LoadPixelData<Rgb24>(rgb, Side, Side);
        using Compressor zstandard = new();
        byte[] jpeg = Encoded(new JpegEncoder { ColorType = JpegColorType.YCbCrRatio420 });
        byte[] grayJpeg = Encoded(new JpegEncoder { ColorType = JpegColorType.Luminance });
        yield return Gray(
            [gray[..64], null, gray[..64], gray[..64]], (TiffTag.TileWidth, 8), (TiffTag.TileLength, 8),
            (TiffTag.TileOffsets, 0));
        yield return Gray([gray], (TiffTag.FillOrder, 2));
        yield return Gray([zstandard.Wrap(gray).ToArray()], (TiffTag.Compression, 50000));
        foreach (int bits in (int[])[1, 4, 12, 24])
        {
            yield return Gray(
                [plain[..(Side * Side * bits / 8)]], (TiffTag.BitsPerSample, bits), (TiffTag.Photometric, 0));
        }

        // Rows of three white and five black pixels: as they are, each behind an end of line, and by the row above.
        const string Row = "10000011";
        const string EndOfLine = "000000000001";
        foreach ((int compression, string fax) in ((int, string)[])
            [
                (2, Repeated(Row)), (3, Repeated(EndOfLine + Row)),
                (4, "001" + Row + "11111111111111" + EndOfLine + EndOfLine),
            ])
        {
            string whole = fax.PadRight((fax.Length + 7) / 8 * 8, '0');
            byte[] bits = [.. whole.Chunk(8).Select(b => Convert.ToByte(new string(b), 2))];
            yield return new TiffBuilder().Page(
                8, 8, [bits], (TiffTag.BitsPerSample, 1), (TiffTag.Compression, compression)).ToArray();
        }

        yield return Gray([grayJpeg], (TiffTag.Compression, 7));
        foreach (int compression in (int[])[6, 7])
        {
            yield return Colours(jpeg, 6, 3, (TiffTag.Compression, compression));
        }

        yield return Colours(
            jpeg, 6, 3, (TiffTag.Compression, 6), (TiffTag.OldJpegStream, 8),
            (TiffTag.ReferenceBlackWhite, new byte[48]));
        yield return Colours(
            Encoded(new WebpEncoder { FileFormat = WebpFileFormatType.Lossy }), 2, 3, (TiffTag.Compression, 50001));
        yield return Colours(plain[..(64 * 6)], 6, 3, (TiffTag.YCbCrSubsampling, new short[] { 2, 2 }));
        yield return Colours(plain, 5, 4);
        yield return Colours(rgb, 8, 3);
        yield return Colours(rgb, 9, 3);
        yield return new TiffBuilder().Page(
            Side, 8, [gray[..128], gray[..128]], (TiffTag.ImageDepth, 2)).ToArray();
        yield return new TiffBuilder().Page(
            8, 8, [gray], (TiffTag.MetaMorphPlanes, new long[4]), (TiffTag.StripByteCounts, 64)).ToArray();
        yield return Gray([gray], (TiffTag.ZeissInfo, new byte[32]));
        foreach (string description in (string[])
        [
            "{\"shape\": [3, 4, 4], \"axes\": \"TYX\"}", "{\"shape\": [3, 4, 4], \"axes\": \"YXC\"}", "shape=(3, 4, 4)",
            "<OME UUID=\"a\"><Image><Pixels SizeC=\"3\" DimensionOrder=\"XYZCT\"><TiffData IFD=\"2\" FirstC=\"0\"/>"
                + "<TiffData IFD=\"0\" FirstC=\"1\" PlaneCount=\"2\"><UUID FileName=\"b\">a</UUID></TiffData></Pixels>"
                + "</Image></OME>",
        ])
        {
            yield return new TiffBuilder().Page(4, 4, [gray[..16]], (TiffTag.ImageDescription, description))
                .Page(4, 4, [gray[..16]]).Page(4, 4, [gray[..16]]).ToArray();
        }

        yield return Gray([gray], (TiffTag.MicroManagerMetadata, "{\"Axes\": {\"z\": 0, \"channel\": \"a\"}}"));

        string Repeated(string row) => string.Concat(Enumerable.Repeat(row, 8));

        byte[] Gray(byte[]?[] strips, params (TiffTag, object?)[] tags) =>
            new TiffBuilder().Page(Side, Side, strips, tags).ToArray();

        byte[] Colours(byte[] strip, int photometric, int samples, params (TiffTag, object?)[] tags) =>
            Gray([strip], [(TiffTag.Photometric, photometric), (TiffTag.SamplesPerPixel, samples), .. tags]);

        byte[] Encoded(IImageEncoder encoder)
        {
            using MemoryStream file = new();
            picture.Save(file, encoder);
            return file.ToArray();
        }
    }

    public static byte[] Png(int colourType, int depth, int side, bool interlaced = false)
    {
        int samples = colourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        byte[] rows = new byte[2 * side * (1 + (((side * samples * depth) + 7) / 8)) + 64];
        Noise(rows);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = (byte)(rows[i] & 3);
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, side);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), side);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colourType, (byte)(interlaced ? 1 : 0));
        using MemoryStream stream = new();
        stream.Write(PngReader.Signature);
        Chunk("IHDR"u8, header);
        if (colourType == 3)
        {
            Chunk("PLTE"u8, new byte[12]);
        }

        Chunk("IDAT"u8, Inflater.Deflate(rows));
        Chunk("IEND"u8, []);
        return stream.ToArray();

        void Chunk(ReadOnlySpan<byte> type, byte[] data)
        {
            Span<byte> number = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
            stream.Write(number);
            stream.Write(type);
            stream.Write(data);
            BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.HashToUInt32([.. type, .. data]));
            stream.Write(number);
        }
    }

    /// <summary>A BMP file with the longest header, which tells of a colour profile at the file's end.</summary>
    private static byte[] WithProfile(byte[] bitmap)
    {
        const int More = 84;
        byte[] longer = [.. bitmap[..54], .. new byte[More], .. bitmap[54..], 1, 2, 3, 4];
        longer[10] += More;
        longer[14] = 124;
        BinaryPrimitives.WriteInt32LittleEndian(longer.AsSpan(126), longer.Length - 18);
        longer[130] = 4;
        return longer;
    }
}
