using System.Buffers.Binary;
using System.IO.Hashing;
using SelfAdapt.Files;
using SelfAdapt.Files.Png;

namespace SelfAdapt.Tests.Files;

/// <summary>Makes PNG files of any kind for tests.</summary>
internal static class PngBytes
{
    /// <summary>A file whose image data, already filtered rows, are deflated as they are.</summary>
    public static byte[] Make(
        int width, int height, byte depth, byte colourType, byte[] rows, bool interlaced =
            false, byte[]? palette = null)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (depth, colourType, (byte)(interlaced ? 1 : 0));
        List<byte> file = [.. PngReader.Signature, .. Chunk("IHDR"u8, header)];
        if (palette is not null)
        {
            file.AddRange(Chunk("PLTE"u8, palette));
        }

        file.AddRange(Chunk("IDAT"u8, Inflater.Deflate(rows)));
        file.AddRange(Chunk("IEND"u8, []));
        return [.. file];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        type.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(
            chunk.AsSpan(data.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }
}
