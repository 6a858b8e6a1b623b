using System.Buffers.Binary;
using K4os.Compression.LZ4;
using ZstdSharp;

namespace SelfAdapt.Files.Zarr;

/// <summary>
/// Decodes what c-blosc 1 has packed: blocks of a chunk, each in streams that LZ4, zlib or Zstandard has compressed, their bytes
/// or bits shuffled.
/// </summary>
internal static class BloscFrame
{
    private const int Header = 16;
    private const int ByteShuffle = 1;
    private const int Stored = 2;
    private const int BitShuffle = 4;
    private const int Whole = 16;

    // Blocks are split into a stream for each byte of a value only within these.
    private const int MostStreams = 16;
    private const int LeastStream = 128;

    private static readonly string[] Compressors = ["BloscLZ", "LZ4", "Snappy", "zlib", "Zstandard"];

    /// <summary>Decodes a frame.</summary>
    /// <param name="target">Receives exactly its length of bytes.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is damaged, or of a kind that is not read.</exception>
    public static void Decode(FileBytes file, ReadOnlySpan<byte> frame, Span<byte> target, string what)
    {
        if (frame.Length < Header || frame[0] is 0 or > 2)
        {
            throw file.Unsupported($"{what} is no frame of c-blosc 1");
        }

        byte flags = frame[2];
        int typeSize = Math.Max(1, (int)frame[3]);
        int compressor = flags >> 5;
        (int length, int blockSize, int packed) = (Int32(frame[4..]), Int32(frame[8..]), Int32(frame[12..]));
        if (length != target.Length || packed != frame.Length || blockSize <= 0)
        {
            throw file.Malformed($"{what} says that it holds {length} bytes in {packed}; {target.Length} in {frame.Length} are needed");
        }

        if ((flags & Stored) != 0)
        {
            if (frame.Length - Header < length)
            {
                throw file.Malformed($"{what} ends early");
            }

            frame.Slice(Header, length).CopyTo(target);
            return;
        }

        if (compressor is not (1 or 3 or 4))
        {
            string name = compressor < Compressors.Length ? Compressors[compressor] : $"compressor {compressor}";
            throw file.Unsupported($"{what} is packed by blosc with {name}; LZ4, zlib and Zstandard are read");
        }

        blockSize = Math.Min(blockSize, length);
        byte[] block = new byte[blockSize];
        for (int at = 0, number = 0; at < length; at += blockSize, number++)
        {
            Span<byte> own = target.Slice(at, Math.Min(blockSize, length - at));
            bool streams = (flags & Whole) == 0 && typeSize <= MostStreams && blockSize / typeSize >= LeastStream
                && own.Length == blockSize;
            int start = Header + (4 * number) + 4 <= frame.Length ? Int32(frame[(Header + (4 * number))..]) : -1;
            DecodeBlock(file, frame, start, block.AsSpan(0, own.Length), streams ? typeSize : 1, compressor, what);
            if ((flags & ByteShuffle) != 0 && typeSize > 1)
            {
                UnshuffleBytes(block.AsSpan(0, own.Length), own, typeSize);
            }
            else if ((flags & BitShuffle) != 0 && own.Length / typeSize % 8 == 0)
            {
                UnshuffleBits(block.AsSpan(0, own.Length), own, typeSize);
            }
            else
            {
                block.AsSpan(0, own.Length).CopyTo(own);
            }
        }
    }

    private static int Int32(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadInt32LittleEndian(at);

    private static void DecodeBlock(
        FileBytes file, ReadOnlySpan<byte> frame, int start, Span<byte> block, int streams, int compressor, string what)
    {
        int each = block.Length / streams;
        for (int s = 0; s < streams; s++)
        {
            int packed = start >= Header && start <= frame.Length - 4 ? Int32(frame[start..]) : -1;
            if (packed < 0 || packed > frame.Length - start - 4)
            {
                throw file.Malformed($"{what} has a block outside of it");
            }

            ReadOnlySpan<byte> data = frame.Slice(start + 4, packed);
            Span<byte> target = block.Slice(s * each, s == streams - 1 ? block.Length - (s * each) : each);
            if (packed == target.Length)
            {
                data.CopyTo(target);
            }
            else
            {
                Decompress(file, data, target, compressor, what);
            }

            start += 4 + packed;
        }
    }

    private static void Decompress(FileBytes file, ReadOnlySpan<byte> data, Span<byte> target, int compressor, string what)
    {
        const int Lz4 = 1;
        const int Zlib = 3;
        if (compressor == Zlib)
        {
            using MemoryStream stream = new(data.ToArray());
            Inflater.Inflate(file, stream, target, what);
            return;
        }

        int written = compressor == Lz4 ? Unpack(data, target) : Unwrap(file, data, target, what);
        if (written != target.Length)
        {
            throw file.Malformed($"{what} has a block that does not decompress");
        }
    }

    /// <summary>Decodes a block of LZ4.</summary>
    /// <returns>Bytes written; less than there is room for, or a negative number, where the block is damaged.</returns>
    public static int Unpack(ReadOnlySpan<byte> data, Span<byte> target) => LZ4Codec.Decode(data, target);

    /// <summary>Decodes a frame of Zstandard.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is damaged, or longer than the target.</exception>
    public static int Unwrap(FileBytes file, ReadOnlySpan<byte> data, Span<byte> target, string what)
    {
        try
        {
            using Decompressor zstandard = new();
            return zstandard.Unwrap(data, target);
        }
        catch (ZstdException e)
        {
            throw file.Malformed($"{what} does not decompress ({e.Message.TrimEnd('.')})");
        }
    }

    private static void UnshuffleBytes(ReadOnlySpan<byte> block, Span<byte> target, int typeSize)
    {
        int values = block.Length / typeSize;
        for (int b = 0; b < typeSize; b++)
        {
            ReadOnlySpan<byte> plane = block.Slice(b * values, values);
            for (int i = 0; i < plane.Length; i++)
            {
                target[(i * typeSize) + b] = plane[i];
            }
        }

        block[(values * typeSize)..].CopyTo(target[(values * typeSize)..]);
    }

    private static void UnshuffleBits(ReadOnlySpan<byte> block, Span<byte> target, int typeSize)
    {
        int values = block.Length / typeSize;
        target.Clear();
        for (int bit = 0; bit < 8 * typeSize; bit++)
        {
            ReadOnlySpan<byte> plane = block.Slice(bit * (values / 8), values / 8);
            for (int i = 0; i < values; i++)
            {
                target[(i * typeSize) + (bit / 8)] |= (byte)(((plane[i / 8] >> (i % 8)) & 1) << (bit % 8));
            }
        }

        block[(values * typeSize)..].CopyTo(target[(values * typeSize)..]);
    }
}
