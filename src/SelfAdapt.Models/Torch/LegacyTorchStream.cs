using System.Buffers.Binary;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>
/// Torch's format from before version 1.6 (docs/cellpose.md 2.2): pickles back to back (magic number, protocol
/// version, facts about the machine, the object, the storages' keys), then per key a length and the elements.
/// </summary>
internal sealed class LegacyTorchStream : ITorchContainer
{
    private const long ProtocolVersion = 1001;

    // The magic number 0x1950a86a20f9469cfc6c as a pickle.
    private static readonly byte[] Head =
        [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

    private readonly byte[] _bytes;
    private readonly string _origin;
    private readonly Dictionary<string, ByteRange> _storages = [];

    public LegacyTorchStream(byte[] bytes, string origin) => (_bytes, _origin) = (bytes, origin);

    public static bool LooksLikeOne(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Head.AsSpan(0, 4));

    public void Dispose()
    {
    }

    public object? ReadObject()
    {
        if (!_bytes.AsSpan().StartsWith(Head))
        {
            throw Malformed("its magic number is not torch's");
        }

        int position = Head.Length;
        if (ReadPickle(ref position).Value is not ProtocolVersion)
        {
            throw Malformed($"its protocol version is not {ProtocolVersion}");
        }

        if (ReadPickle(ref position).Value is not PickleDictionary machine
            || machine.Items.Any(i => i is { Key: "little_endian", Value: false }))
        {
            throw Malformed("its byte order is not told, or not little-endian, which alone is read");
        }

        (object? found, IReadOnlyList<PicklePersistent> ids) = ReadPickle(ref position);
        if (ReadPickle(ref position).Value is not PickleList keys)
        {
            throw Malformed("the list of its storages is missing");
        }

        IndexStorages(keys, ids, position);
        return found;
    }

    public byte[] ReadStorage(string key) => _storages.TryGetValue(key, out ByteRange range)
        ? _bytes.AsSpan(range.Start, range.Length).ToArray()
        : throw Malformed($"the storage '{key}' is missing");

    public SelfAdaptException Malformed(string why) => TorchArchive.Malformed(_origin, why);

    private (object? Value, IReadOnlyList<PicklePersistent> Ids) ReadPickle(ref int position)
    {
        PickleReader reader = new(_bytes, _origin, position);
        object? value = reader.Read();
        position = reader.Position;
        return (value, reader.PersistentIds);
    }

    private void IndexStorages(PickleList keys, IReadOnlyList<PicklePersistent> ids, int position)
    {
        Dictionary<string, OnnxDataType> types = [];
        foreach (PicklePersistent persistent in ids)
        {
            if (TorchStorageId.From(persistent) is { } id)
            {
                types[id.Key] = id.Type;
            }
        }

        foreach (object? item in keys.Items)
        {
            if (item is not string key || !types.TryGetValue(key, out OnnxDataType type))
            {
                throw Malformed("a storage's element type is not told");
            }

            long rest = _bytes.Length - position - (long)sizeof(long);
            long elements = rest < 0 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(_bytes.AsSpan(position));
            int width = OnnxDataTypes.Size(type);
            if (elements < 0 || elements > rest / width)
            {
                throw Malformed($"the storage '{key}' ends too early");
            }

            if (!_storages.TryAdd(key, new ByteRange(position + sizeof(long), (int)elements * width)))
            {
                throw Malformed($"the storage '{key}' occurs twice");
            }

            position += sizeof(long) + ((int)elements * width);
        }
    }
}
