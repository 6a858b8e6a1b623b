using System.Buffers.Binary;
using System.Text.Json;

namespace SelfAdapt.Files.Zarr;

/// <summary>Chunks that lie in files of many: a shard, with an index of their places at its end or beginning.</summary>
internal sealed class ZarrShards : IDisposable
{
    public const string Codec = "sharding_indexed";

    private const int EntryBytes = 16;

    private readonly long[] _each;
    private readonly ZarrCodecs _indexCodecs;
    private readonly bool _indexFirst;
    private readonly int _indexBytes;
    private string? _path;
    private FileBytes? _shard;
    private byte[] _index = [];

    /// <param name="file">The metadata, for messages.</param>
    /// <param name="settings">The codec's.</param>
    /// <param name="shard">A shard's sizes.</param>
    /// <param name="chunk">Those of a chunk in it.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: chunks do not fill shards, or the index is of a kind that is not read.</exception>
    public ZarrShards(FileBytes file, JsonElement settings, long[] shard, long[] chunk)
    {
        if (shard.Length != chunk.Length || chunk.Contains(0) || shard.Zip(chunk).Any(s => s.First % s.Second != 0))
        {
            throw file.Malformed($"shards of {string.Join(" x ", shard)} are not made of chunks of {string.Join(" x ", chunk)}");
        }

        _each = [.. shard.Zip(chunk, (s, c) => s / c)];
        _indexCodecs = ZarrCodecs.OfVersion3(file, ZarrFolder.List(settings, "index_codecs"));
        _indexFirst = ZarrFolder.Text(settings, "index_location") == "start";
        Int128 bytes = EntryBytes;
        foreach (long count in _each)
        {
            bytes *= count;
        }

        if (_indexCodecs.Compressor is not null || _indexCodecs.BigEndian || bytes > ImageLimits.PageBytes)
        {
            throw file.Unsupported("its shards have an index that is packed, or larger than is read");
        }

        _indexBytes = (int)bytes;
    }

    /// <summary>The shard that a chunk lies in.</summary>
    public long[] ShardOf(long[] chunk) => [.. chunk.Zip(_each, (c, e) => c / e)];

    /// <summary>Decodes a chunk.</summary>
    /// <param name="path">Its shard's file.</param>
    /// <returns>False where it is not stored.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: index or chunk are damaged.</exception>
    public bool TryDecode(string path, long[] chunk, ZarrCodecs codecs, byte[] values, string what)
    {
        if (path != _path)
        {
            Open(path);
        }

        if (_shard is null)
        {
            return false;
        }

        long place = 0;
        for (int a = 0; a < chunk.Length; a++)
        {
            place = (place * _each[a]) + (chunk[a] % _each[a]);
        }

        ReadOnlySpan<byte> entry = _index.AsSpan(checked((int)place) * EntryBytes, EntryBytes);
        (ulong offset, ulong length) =
            (BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        if (offset == ulong.MaxValue && length == ulong.MaxValue)
        {
            return false;
        }

        codecs.Decode(
            _shard, _shard.Slice((long)Math.Min(offset, long.MaxValue), (long)Math.Min(length, long.MaxValue), what), values, what);
        return true;
    }

    public void Dispose() => _shard?.Dispose();

    private void Open(string path)
    {
        _shard?.Dispose();
        (_path, _shard) = (path, null);
        if (!File.Exists(path))
        {
            return;
        }

        FileBytes shard = FileBytes.Open(path);
        _shard = shard;
        int length = _indexBytes + _indexCodecs.Extra;
        _index = new byte[_indexBytes];
        _indexCodecs.Decode(
            shard, shard.Slice(_indexFirst ? 0 : shard.Length - length, length, "the index of a shard"), _index, "the index of a shard");
    }
}
