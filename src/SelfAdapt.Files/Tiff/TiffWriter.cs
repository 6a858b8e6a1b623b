using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SelfAdapt.Files.Tiff;

/// <summary>Encodes little-endian TIFF files, one page per plane, strips compressed with Deflate.</summary>
internal static class TiffWriter
{
    private const int StripBytes = 1 << 18;
    private const int DeflateCompression = 8;

    /// <summary>Encodes planes.</summary>
    /// <param name="kind">Number type of the values.</param>
    /// <param name="planes">Number of planes; each becomes a page.</param>
    /// <param name="values">[planes, height, width], the bytes of the values in the machine's order.</param>
    /// <param name="description">ASCII text for the first page, empty for none.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the sizes.</exception>
    public static byte[] Encode(
        SampleKind kind, int planes, int height, int width, ReadOnlySpan<byte> values, string description)
    {
        long planeBytes = (long)height * width * kind.Size();
        if (planes < 1 || height < 1 || width < 1 || values.Length != planes * planeBytes)
        {
            throw new ArgumentException(
                $"{values.Length} bytes can't be {planes} planes of {height}x{width}.");
        }

        using MemoryStream stream = new();
        stream.Write("II*\0"u8);
        stream.Write(stackalloc byte[4]);
        long link = 4;
        for (int p = 0; p < planes; p++)
        {
            ReadOnlySpan<byte> plane = values.Slice((int)(p * planeBytes), (int)planeBytes);
            link = WritePage(stream, link, kind, height, width, plane, p == 0 ? description : string.Empty);
        }

        return stream.ToArray();
    }

    private static long WritePage(
        MemoryStream stream, long link, SampleKind kind, int height, int width, ReadOnlySpan<byte> plane,
        string description)
    {
        int rowBytes = width * kind.Size();
        int rowsPerStrip = Math.Clamp(StripBytes / rowBytes, 1, height);
        List<uint> offsets = [];
        List<uint> counts = [];
        for (int row = 0; row < height; row += rowsPerStrip)
        {
            int rows = Math.Min(rowsPerStrip, height - row);
            byte[] bytes = plane.Slice(row * rowBytes, rows * rowBytes).ToArray();
            SampleBuffer.ToMachineOrder(bytes, kind.Size(), !BitConverter.IsLittleEndian);
            byte[] strip = Inflater.Deflate(bytes);
            offsets.Add((uint)stream.Position);
            counts.Add((uint)strip.Length);
            stream.Write(strip);
        }

        int format = kind >= SampleKind.Float16 ? 3
            : kind is SampleKind.Int8 or SampleKind.Int16 or SampleKind.Int32 or SampleKind.Int64 ? 2 : 1;
        List<(TiffTag Tag, int Type, uint[] Values)> tags =
        [
            (TiffTag.ImageWidth, 4, [(uint)width]),
            (TiffTag.ImageLength, 4, [(uint)height]),
            (TiffTag.BitsPerSample, 3, [(uint)(8 * kind.Size())]),
            (TiffTag.Compression, 3, [DeflateCompression]),
            (TiffTag.Photometric, 3, [1]),
            (TiffTag.ImageDescription, 2, [.. (description + "\0").Select(c => (uint)c)]),
            (TiffTag.StripOffsets, 4, [.. offsets]),
            (TiffTag.SamplesPerPixel, 3, [1]),
            (TiffTag.RowsPerStrip, 4, [(uint)rowsPerStrip]),
            (TiffTag.StripByteCounts, 4, [.. counts]),
            (TiffTag.PlanarConfiguration, 3, [1]),
            (TiffTag.SampleFormat, 3, [(uint)format]),
        ];
        tags.RemoveAll(t => t.Tag == TiffTag.ImageDescription && description.Length == 0);
        return WriteDirectory(stream, link, tags);
    }

    private static long WriteDirectory(
        MemoryStream stream, long link, List<(TiffTag Tag, int Type, uint[] Values)> tags)
    {
        byte[] directory = new byte[2 + (12 * tags.Count) + 4];
        BinaryPrimitives.WriteUInt16LittleEndian(directory, (ushort)tags.Count);
        for (int i = 0; i < tags.Count; i++)
        {
            Span<byte> entry = directory.AsSpan(2 + (12 * i), 12);
            (TiffTag tag, int type, uint[] values) = tags[i];
            BinaryPrimitives.WriteUInt16LittleEndian(entry, (ushort)tag);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)type);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], (uint)values.Length);
            byte[] bytes = Serialize(type, values);
            if (bytes.Length <= 4)
            {
                bytes.CopyTo(entry[8..]);
            }
            else
            {
                Align(stream);
                BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], (uint)stream.Position);
                stream.Write(bytes);
            }
        }

        Align(stream);
        uint start = (uint)stream.Position;
        stream.Write(directory);
        long end = stream.Position;
        Span<byte> pointer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(pointer, start);
        stream.Position = link;
        stream.Write(pointer);
        stream.Position = end;
        return end - 4;
    }

    private static byte[] Serialize(int type, uint[] values) => type switch
    {
        2 => [.. values.Select(v => (byte)v)],
        3 => MemoryMarshal.AsBytes<ushort>(values.Select(v => LittleEndian((ushort)v)).ToArray()).ToArray(),
        _ => MemoryMarshal.AsBytes<uint>(values.Select(LittleEndian).ToArray()).ToArray(),
    };

    private static ushort LittleEndian(ushort value)
        => BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);

    private static uint LittleEndian(uint value)
        => BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);

    private static void Align(MemoryStream stream)
    {
        if ((stream.Position & 1) != 0)
        {
            stream.WriteByte(0);
        }
    }
}
