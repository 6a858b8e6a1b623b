using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace SelfAdapt.Files.Png;

/// <summary>
/// Decodes PNG: all colour types and bit depths, Adam7 interlace. Alpha and tRNS are dropped, palette images become
/// RGB,
/// gray of less than 8 bits is scaled to 0..255; in label images both stay the numbers that they are.
/// </summary>
internal static class PngReader
{
    private const int Gray = 0;
    private const int Rgb = 2;
    private const int Palette = 3;
    private const int GrayAlpha = 4;
    private const int Rgba = 6;

    // x start, y start, x step, y step of the seven passes (PNG specification 8.2).
    private static readonly (int X, int Y, int StepX, int StepY)[] Adam7 =
    [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ];

    /// <summary>The first eight bytes of every PNG file.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>Decodes a file.</summary>
    /// <param name="asLabels">Whether numbers of colours, and gray of few bits, stay as they are.</param>
    /// <exception cref="SelfAdaptException">
    /// UnreadableInput: the file breaks the PNG rules or is too large.
    /// </exception>
    public static Raster Decode(FileBytes file, bool asLabels)
    {
        if (!file.All.StartsWith(Signature))
        {
            throw file.Malformed("it does not begin like a PNG file");
        }

        ReadOnlySpan<byte> palette = [];
        Header? header = null;
        using MemoryStream compressed = new();
        for (long at = Signature.Length; ;)
        {
            uint length = file.UInt32BigEndian(at, "a chunk's length");
            ReadOnlySpan<byte> typed = file.Slice(at + 4, 4L + length, "a chunk");
            string type = Encoding.ASCII.GetString(typed[..4]);
            if (Crc32.HashToUInt32(typed) != file.UInt32BigEndian(at + 8 + length, "a chunk's checksum"))
            {
                throw file.Malformed($"the checksum of the chunk at byte {at} is wrong");
            }

            ReadOnlySpan<byte> data = typed[4..];
            at += 12L + length;
            if ((header is null) != (type == "IHDR"))
            {
                throw file.Malformed("the header chunk (IHDR) is not the first chunk, or not the only one");
            }

            switch (type)
            {
                case "IHDR":
                    header = Header.Parse(file, data);
                    break;
                case "PLTE":
                    palette = data;
                    break;
                case "IDAT":
                    compressed.Write(data);
                    break;
                case "IEND":
                    return Decode(file, header!, compressed, palette, asLabels);
                default:
                    // Bit 5 of the first letter says whether a reader may pass over a chunk it does not know.
                    if ((typed[0] & 0x20) == 0)
                    {
                        throw file.Malformed(
                            $"the chunk that ends at byte {at} is mandatory but of an unknown type");
                    }

                    break;
            }
        }
    }

    private static Raster Decode(
        FileBytes file, Header header, MemoryStream compressed, ReadOnlySpan<byte> palette,
        bool asLabels)
    {
        long size = DecodedSize(header);
        if (size > compressed.Length * ImageLimits.DeflateRatio)
        {
            throw file.Malformed($"{compressed.Length} bytes of image data can't hold {header.Width} x "
                + $"{header.Height} pixels");
        }

        bool expand = header.ColourType == Palette && !asLabels;
        if (expand && (palette.Length == 0 || palette.Length % 3 != 0 || palette.Length > 768))
        {
            throw file.Malformed("it has colour numbers but no valid palette");
        }

        byte[] bytes = new byte[size];
        compressed.Position = 0;
        Inflater.Inflate(file, compressed, bytes, "the image data");
        bool colour = expand || header.ColourType is Rgb or Rgba;
        Raster raster = new(
            colour ? 3 : 1, header.Height, header.Width,
            header.BitDepth == 16 ? SampleKind.UInt16 : SampleKind.UInt8);
        int at = 0;
        foreach ((int x, int y, int stepX, int stepY) in header.Passes)
        {
            int width = PassLength(header.Width, x, stepX);
            int height = PassLength(header.Height, y, stepY);
            if (width == 0 || height == 0)
            {
                continue;
            }

            int rowBytes = (int)header.RowBytes(width);
            Span<byte> previous = new byte[rowBytes];
            for (int row = 0; row < height; row++, at += rowBytes + 1)
            {
                Span<byte> current = bytes.AsSpan(at + 1, rowBytes);
                if (!PngFilter.Undo(bytes[at], current, previous, header.FilterDistance))
                {
                    throw file.Malformed($"row {row} has an unknown filter ({bytes[at]})");
                }

                PutRow(
                    file, header, current, width, raster, y + (row * stepY), x, stepX, expand ? palette : [],
                    isScaled: header.ColourType == Gray && header.BitDepth < 8 && !asLabels);
                previous = current;
            }
        }

        return raster;
    }

    private static void PutRow(
        FileBytes file, Header header, Span<byte> row, int width, Raster raster, int y, int x, int stepX,
        ReadOnlySpan<byte> palette, bool isScaled)
    {
        if (header.BitDepth < 8)
        {
            row = Unpack(row, width, header.BitDepth);
        }
        else if (header.BitDepth == 16)
        {
            // A copy, because the next row's filter needs this row in the file's byte order.
            row = row.ToArray();
            SampleBuffer.ToMachineOrder(row, 2, bigEndian: true);
        }

        if (palette.Length > 0)
        {
            for (int i = 0; i < width; i++)
            {
                int entry = row[i] * 3;
                if (entry >= palette.Length)
                {
                    throw file.Malformed($"row {y} has colour number {row[i]}, but the palette has "
                        + $"{palette.Length / 3} colours");
                }

                for (int c = 0; c < 3; c++)
                {
                    raster.From(c, y, x + (i * stepX))[0] = palette[entry + c];
                }
            }

            return;
        }

        if (isScaled)
        {
            int most = (1 << header.BitDepth) - 1;
            foreach (ref byte value in row)
            {
                value = (byte)(value * byte.MaxValue / most);
            }
        }

        int size = raster.Samples.Kind.Size();
        for (int c = 0; c < raster.Channels; c++)
        {
            SampleBuffer.CopyStrided(
                row[(c * size)..], header.SamplesPerPixel, raster.From(c, y, x), stepX, width, size);
        }
    }

    private static byte[] Unpack(ReadOnlySpan<byte> row, int width, int bits)
    {
        byte[] unpacked = new byte[width];
        int mask = (1 << bits) - 1;
        for (int i = 0; i < width; i++)
        {
            int bit = i * bits;
            unpacked[i] = (byte)((row[bit >> 3] >> (8 - bits - (bit & 7))) & mask);
        }

        return unpacked;
    }

    private static int PassLength(int length, int start, int step)
        => length <= start ? 0 : (length - start + step - 1) / step;

    private static long DecodedSize(Header header)
    {
        long size = 0;
        foreach ((int x, int y, int stepX, int stepY) in header.Passes)
        {
            int width = PassLength(header.Width, x, stepX);
            if (width > 0)
            {
                size += PassLength(header.Height, y, stepY) * (header.RowBytes(width) + 1);
            }
        }

        return size;
    }

    private sealed record Header(int Width, int Height, int BitDepth, int ColourType, bool Interlaced)
    {
        public int SamplesPerPixel => SamplesOf(ColourType);

        public int FilterDistance => Math.Max(1, SamplesPerPixel * BitDepth / 8);

        public (int X, int Y, int StepX, int StepY)[] Passes => Interlaced ? Adam7 : [(0, 0, 1, 1)];

        public static Header Parse(FileBytes file, ReadOnlySpan<byte> data)
        {
            if (data.Length != 13)
            {
                throw file.Malformed($"its header has {data.Length} instead of 13 bytes");
            }

            uint width = BinaryPrimitives.ReadUInt32BigEndian(data);
            uint height = BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
            (int depth, int colour) = (data[8], data[9]);
            bool valid = colour switch
            {
                Gray => depth is 1 or 2 or 4 or 8 or 16,
                Palette => depth is 1 or 2 or 4 or 8,
                Rgb or GrayAlpha or Rgba => depth is 8 or 16,
                _ => false,
            };
            if (!valid || data[10] != 0 || data[11] != 0 || data[12] > 1)
            {
                throw file.Malformed(
                    $"its header has no valid combination (colour type {colour}, {depth} bits, "
                    + $"compression {data[10]}, filter {data[11]}, interlace {data[12]})");
            }

            file.CheckPageSize(width, height, colour == Palette ? 3 : SamplesOf(colour), depth == 16 ? 2 : 1);
            return new Header((int)width, (int)height, depth, colour, data[12] == 1);
        }

        public long RowBytes(int width) => (((long)width * SamplesPerPixel * BitDepth) + 7) / 8;

        private static int SamplesOf(int colour)
            => colour switch { Rgb => 3, GrayAlpha => 2, Rgba => 4, _ => 1 };
    }
}
