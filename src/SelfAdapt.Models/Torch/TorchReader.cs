using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>Reads the tensors of a torch state dict out of its container.</summary>
internal sealed class TorchReader : IDisposable
{
    private const int MaxRank = 16;

    private readonly ITorchContainer _archive;
    private readonly Dictionary<string, byte[]> _storages = [];
    private readonly string _origin;
    private readonly long _length;
    private long _byteBudget;
    private long _storedBytes;

    public TorchReader(byte[] bytes, string origin)
    {
        _archive = LegacyTorchStream.LooksLikeOne(bytes)
            ? new LegacyTorchStream(bytes, origin)
            : new TorchArchive(bytes, origin);

        (_origin, _length) = (origin, bytes.Length);

        // Tied tensors may share a storage, but a small file never unfolds into a large state dict.
        _byteBudget = 4L * bytes.Length;
    }

    public void Dispose() => _archive.Dispose();

    public List<OnnxTensor> Read()
    {
        if (_archive.ReadObject() is not PickleDictionary dictionary)
        {
            throw TorchArchive.Foreign(_origin, "it is no state dict");
        }

        List<OnnxTensor> tensors = [];
        HashSet<string> names = [];
        foreach ((object? key, object? value) in dictionary.Items)
        {
            string name = key as string ?? throw _archive.Malformed("a key is no text");
            if (!names.Add(name))
            {
                throw _archive.Malformed($"'{name}' occurs twice");
            }

            tensors.Add(ReadTensor(name, value));
        }

        return tensors;
    }

    private OnnxTensor ReadTensor(string name, object? value)
    {
        if (value is PickleCall { Function: TorchNames.RebuildParameter, Arguments: [var inner, ..] })
        {
            value = inner;
        }

        if (value is not PickleCall { Function: TorchNames.RebuildTensor } call
            || call.Arguments is not [
                PicklePersistent persistent, long offset, object?[] size, object?[] stride, ..]
            || TorchStorageId.From(persistent) is not { } id)
        {
            throw TorchArchive.Foreign(_origin, $"it holds more than a state dict, '{name}' is no tensor");
        }

        if (!_storages.TryGetValue(id.Key, out byte[]? bytes))
        {
            bytes = _archive.ReadStorage(id.Key);
            _storages.Add(id.Key, bytes);
            _storedBytes += bytes.Length;
            if (_storedBytes > _length)
            {
                throw _archive.Malformed("its storages lie over each other");
            }
        }

        int width = OnnxDataTypes.Size(id.Type);
        if (bytes.Length / width < id.Elements)
        {
            throw _archive.Malformed(
                $"'{name}': its storage holds {bytes.Length / width} of {id.Elements} elements");
        }

        Span<byte> values = bytes.AsSpan(0, (int)id.Elements * width);
        return Gather(name, id.Type, values, offset, Longs(name, size), Longs(name, stride));
    }

    private OnnxTensor Gather(
        string name, OnnxDataType type, ReadOnlySpan<byte> storage, long offset, long[] size, long[] stride)
    {
        int width = OnnxDataTypes.Size(type);
        long elements = storage.Length / width;
        long count = 1;
        long last = offset;
        bool possible = size.Length == stride.Length && size.Length <= MaxRank
            && offset >= 0 && offset <= elements;
        for (int i = 0; possible && i < size.Length; i++)
        {
            possible = size[i] >= 0 && size[i] <= int.MaxValue && stride[i] >= 0 && stride[i] <= int.MaxValue
                && (size[i] == 0 || count <= int.MaxValue / size[i]);
            if (possible)
            {
                count *= size[i];
                last += Math.Max(size[i] - 1, 0) * stride[i];
                possible = last <= int.MaxValue;
            }
        }

        if (!possible || (count > 0 && last >= elements))
        {
            throw _archive.Malformed(
                $"'{name}': sizes ({string.Join(',', size)}), strides ({string.Join(',', stride)}) "
                + $"from {offset} leave its storage of {elements} elements");
        }

        _byteBudget -= count * width;
        if (count > elements || _byteBudget < 0)
        {
            throw _archive.Malformed($"'{name}' unfolds into more elements than its storage holds");
        }

        byte[] raw = new byte[count * width];
        long[] index = new long[size.Length];
        long from = offset;
        for (int to = 0; to < raw.Length; to += width)
        {
            storage.Slice((int)from * width, width).CopyTo(raw.AsSpan(to));
            for (int axis = size.Length - 1; axis >= 0; axis--)
            {
                from += stride[axis];
                if (++index[axis] < size[axis])
                {
                    break;
                }

                from -= size[axis] * stride[axis];
                index[axis] = 0;
            }
        }

        return OnnxTensor.FromRaw(name, type, size, raw);
    }

    private long[] Longs(string name, object?[] values) => values.All(v => v is long)
        ? [.. values.Cast<long>()]
        : throw _archive.Malformed($"'{name}': a size or stride is no number");
}
