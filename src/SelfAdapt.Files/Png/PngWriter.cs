using System;
using System.Buffers.Binary;
using System.IO;

namespace SelfAdapt.Files.Png;

/// <summary>Encodes PNG files: 8-bit gray, 16-bit gray, 8-bit RGB.</summary>
internal static class PngWriter
{
    /// <summary>Encodes 8-bit gray.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="pixels">[height, width].</param>
    public static byte[] EncodeGray8(int height, int width, ReadOnlySpan<byte> pixels)
        => Encode(height, width, width, 8, 0, pixels);

    /// <summary>Encodes 16-bit gray.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="pixels">[height, width].</param>
    public static byte[] EncodeGray16(int height, int width, ReadOnlySpan<ushort> pixels)
    {
        byte[] bytes = new byte[pixels.Length * 2];
        for (int i = 0; i < pixels.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2 * i), pixels[i]);
        }

        return Encode(height, width, 2 * width, 16, 0, bytes);
    }

    /// <summary>Encodes 8-bit RGB.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="pixels">[height, width, 3].</param>
    public static byte[] EncodeRgb8(int height, int width, ReadOnlySpan<byte> pixels)
        => Encode(height, width, 3 * width, 8, 2, pixels);

    private static byte[] Encode(
        int height, int width, int rowBytes, byte depth, byte colourType, ReadOnlySpan<byte> pixels)
    {
        if (height < 1 || width < 1 || pixels.Length != (long)height * rowBytes)
        {
            throw new ArgumentException($"{pixels.Length} bytes can't be {height} rows of {rowBytes}.");
        }

        // Difference to the row above (filter 2): cheap, and good for label images, which are constant in
        // places.
        byte[] filtered = new byte[height * (rowBytes + 1)];
        for (int y = 0; y < height; y++)
        {
            Span<byte> target = filtered.AsSpan(y * (rowBytes + 1), rowBytes + 1);
            ReadOnlySpan<byte> row = pixels.Slice(y * rowBytes, rowBytes);
            target[0] = (byte)(y == 0 ? 0 : 2);
            for (int i = 0; i < rowBytes; i++)
            {
                target[i + 1] = y == 0 ? row[i] : (byte)(row[i] - pixels[((y - 1) * rowBytes) + i]);
            }
        }

        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        (header[8], header[9], header[10], header[11], header[12]) = (depth, colourType, 0, 0, 0);
        using MemoryStream stream = new();
        stream.Write(PngReader.Signature);
        WriteChunk(stream, "IHDR"u8, header);
        WriteChunk(stream, "IDAT"u8, Inflater.Deflate(filtered));
        WriteChunk(stream, "IEND"u8, []);
        return stream.ToArray();
    }

    private static void WriteChunk(MemoryStream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        type.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        uint crc = Crc32.Compute(chunk.AsSpan(4, data.Length + 4));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), crc);
        stream.Write(chunk);
    }
}
