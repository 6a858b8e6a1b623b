using System.IO.Compression;

namespace SelfAdapt.Files;

/// <summary>zlib streams of a known decoded size.</summary>
internal static class Inflater
{
    /// <summary>Decodes a zlib stream into a buffer, checking the stream's own checksum.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="target">Receives exactly its length of bytes; more in the stream are ignored.</param>
    /// <param name="what">What is decoded, for messages.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: the stream is damaged or too short.</exception>
    public static void Inflate(FileBytes file, Stream compressed, Span<byte> target, string what)
    {
        try
        {
            using ZLibStream zlib = new(compressed, CompressionMode.Decompress);
            int read = zlib.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
            if (read < target.Length)
            {
                throw file.Malformed($"{what} ends after {read} of {target.Length} decoded bytes");
            }

            // The checksum behind the data is only looked at when reading goes on.
            _ = zlib.ReadByte();
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw file.Malformed($"{what} does not decompress ({e.Message.TrimEnd('.')})");
        }
    }

    /// <summary>Encodes bytes as a zlib stream.</summary>
    public static byte[] Deflate(ReadOnlySpan<byte> data)
    {
        using MemoryStream buffer = new();
        using (ZLibStream zlib = new(buffer, CompressionLevel.Optimal, leaveOpen: true))
        {
            zlib.Write(data);
        }

        return buffer.ToArray();
    }
}
