using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text.Json;

namespace SelfAdapt.Files.Zarr;

/// <summary>How the bytes of a chunk are packed.</summary>
/// <param name="Compressor">Of the names that are read; null: not at all.</param>
/// <param name="BigEndian">Whether values have their high byte first.</param>
/// <param name="Checked">Whether a CRC-32C of 4 bytes lies behind the packed bytes.</param>
internal sealed record ZarrCodecs(string? Compressor, bool BigEndian, bool Checked)
{
    private const int CheckBytes = 4;

    private static readonly string[] Names = ["blosc", "gzip", "lz4", "zlib", "zstd"];

    /// <summary>Bytes that a checksum adds.</summary>
    public int Extra => Checked ? CheckBytes : 0;

    /// <summary>Of an array of version 2.</summary>
    /// <param name="file">The metadata.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is packed in a way that is not read.</exception>
    public static ZarrCodecs OfVersion2(FileBytes file, JsonElement array, bool bigEndian)
    {
        if (array.TryGetProperty("filters", out JsonElement filters) && filters.ValueKind == JsonValueKind.Array
            && filters.GetArrayLength() > 0)
        {
            throw file.Unsupported($"its values went through the filter {Word(filters[0], "id")}, which is not read");
        }

        return array.TryGetProperty("compressor", out JsonElement compressor) && compressor.ValueKind == JsonValueKind.Object
            ? new(Known(file, Word(compressor, "id")), bigEndian, false)
            : new(null, bigEndian, false);
    }

    /// <summary>Of an array of version 3, or of a shard's chunks or index.</summary>
    /// <param name="codecs">In the order in which they were applied.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is packed in a way that is not read.</exception>
    public static ZarrCodecs OfVersion3(FileBytes file, IEnumerable<JsonElement> codecs)
    {
        (string? compressor, bool bigEndian, bool isChecked) = (null, false, false);
        foreach (JsonElement codec in codecs)
        {
            string name = Word(codec, "name");
            JsonElement settings = codec.TryGetProperty("configuration", out JsonElement given) ? given : default;
            switch (name)
            {
                case "bytes":
                    bigEndian = settings.ValueKind == JsonValueKind.Object && Word(settings, "endian") == "big";
                    break;
                case "crc32c":
                    isChecked = true;
                    break;
                default:
                    compressor = compressor is null && !isChecked
                        ? Known(file, name)
                        : throw file.Unsupported($"its chunks are packed by {compressor ?? "crc32c"} and then by {name}: one is read");
                    break;
            }
        }

        return new(compressor, bigEndian, isChecked);
    }

    /// <summary>Unpacks a chunk.</summary>
    /// <param name="target">Receives exactly its length of bytes, in the file's byte order.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is damaged.</exception>
    public void Decode(FileBytes file, ReadOnlySpan<byte> packed, Span<byte> target, string what)
    {
        if (Checked)
        {
            int length = packed.Length - CheckBytes;
            if (length < 0 || Crc32C(packed[..length]) != BinaryPrimitives.ReadUInt32LittleEndian(packed[length..]))
            {
                throw file.Malformed($"{what} does not agree with its checksum");
            }

            packed = packed[..length];
        }

        switch (Compressor)
        {
            case null:
                Require(packed.Length, target.Length);
                packed.CopyTo(target);
                break;
            case "blosc":
                BloscFrame.Decode(file, packed, target, what);
                break;
            case "zstd":
                Require(BloscFrame.Unwrap(file, packed, target, what), target.Length);
                break;
            case "lz4":
                // The length in 4 bytes, then a block.
                Require(packed.Length < 4 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(packed), target.Length);
                Require(BloscFrame.Unpack(packed[4..], target), target.Length);
                break;
            case "gzip":
                Gunzip(file, packed, target, what);
                break;
            default:
                using (MemoryStream zlib = new(packed.ToArray()))
                {
                    Inflater.Inflate(file, zlib, target, what);
                }

                break;
        }

        void Require(int length, int needed)
        {
            if (length != needed)
            {
                throw file.Malformed($"{what} holds {length} bytes where {needed} are needed");
            }
        }
    }

    private static string Known(FileBytes file, string name) => Names.Contains(name)
        ? name
        : throw file.Unsupported($"its chunks are packed by {name}; {string.Join(", ", Names)} are read");

    private static string Word(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(property, out JsonElement value)
            && value.ValueKind == JsonValueKind.String ? value.GetString()! : "(none)";

    private static void Gunzip(FileBytes file, ReadOnlySpan<byte> packed, Span<byte> target, string what)
    {
        try
        {
            using MemoryStream stream = new(packed.ToArray());
            using GZipStream gzip = new(stream, CompressionMode.Decompress);
            if (gzip.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length)
            {
                throw file.Malformed($"{what} ends early");
            }
        }
        catch (InvalidDataException e)
        {
            throw file.Malformed($"{what} does not decompress ({e.Message.TrimEnd('.')})");
        }
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
