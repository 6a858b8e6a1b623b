namespace SelfAdapt.Models.Onnx;

/// <summary>Edits a copy of a model's bytes: elements in place, whole records replaced, lengths kept right.</summary>
internal sealed class Splicer
{
    private readonly OnnxModel _model;
    private readonly byte[] _bytes;
    private readonly SortedDictionary<int, (int End, byte[] With)> _edits = [];
    private readonly ProtoWriter _tail = new();
    private readonly Dictionary<ModelSource, byte[]> _beside = [];

    public Splicer(OnnxModel model) => (_model, _bytes) = (model, [.. model.Bytes]);

    /// <summary>A copy, of the model or of a file beside it, whose elements may be written over.</summary>
    public byte[] Writable(ModelSource source)
    {
        if (source == _model.Source)
        {
            return _bytes;
        }

        if (!_beside.TryGetValue(source, out byte[]? copy))
        {
            _beside.Add(source, copy = [.. source.Bytes]);
        }

        return copy;
    }

    /// <summary>Writes a float at a fixed place in the element type stored there, if it differs.</summary>
    public static void WriteElement(byte[] target, int offset, OnnxDataType type, float value)
    {
        int width = OnnxDataTypes.Size(type);
        ulong stored = TensorData.Read(target, offset, width);
        float old = ElementBits.ToFloat(type, stored);
        if (!ElementBits.Same(old, value))
        {
            TensorData.Write(target, offset, width, ElementBits.FromFloat(type, value));
        }
    }

    /// <summary>Replaces a record (tag, length, message) of the graph or the model; records don't overlap.</summary>
    public void Replace(ByteRange record, byte[] with) => _edits.Add(record.Start, (record.End, with));

    /// <summary>Adds metadata entries, in key order, replacing those of the same key.</summary>
    public void SetMetadata(IReadOnlyDictionary<string, string>? metadata)
    {
        IReadOnlyDictionary<string, string> entries = metadata ?? new Dictionary<string, string>();
        foreach ((string key, string value) in entries.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            if (_model.Metadata.TryGetValue(key, out string? old) && old == value)
            {
                continue;
            }

            if (_model.Layout.MetadataRecords.TryGetValue(key, out ByteRange record))
            {
                Replace(record, []);
            }

            _tail.Message(ModelFields.Metadata, OnnxWriter.MetadataEntry(key, value));
        }
    }

    public OnnxModel FinishModel() => OnnxModel.Parse(
        Finish(), _model.Origin,
        new ExternalData(_model.Source.External.Files.Select(
            f => KeyValuePair.Create(f.Key, _beside.GetValueOrDefault(f.Value) ?? f.Value.Bytes))));

    public byte[] Finish()
    {
        if (_edits.Count == 0 && _tail.Length == 0)
        {
            return _bytes;
        }

        ByteRange graph = _model.Layout.GraphRecord;
        using MemoryStream result = new(_bytes.Length + _tail.Length);
        Copy(result, 0, graph.Start);
        int payload = _model.Layout.GraphPayload;
        int growth = _edits.Where(e => e.Key >= payload && e.Key < graph.End)
            .Sum(e => e.Value.With.Length - (e.Value.End - e.Key));
        if (growth == 0)
        {
            Copy(result, graph.Start, payload);
        }
        else
        {
            ProtoWriter head = new();
            head.Varint(((ulong)ModelFields.Graph << 3) | (uint)WireType.Bytes);
            head.Varint((ulong)(graph.End - payload + growth));
            result.Write(head.ToArray());
        }

        Copy(result, payload, graph.End);
        Copy(result, graph.End, _bytes.Length);
        result.Write(_tail.ToArray());
        return result.ToArray();
    }

    private void Copy(MemoryStream result, int start, int end)
    {
        foreach ((int from, (int to, byte[] with)) in _edits)
        {
            if (from >= start && from < end)
            {
                result.Write(_bytes, start, from - start);
                result.Write(with);
                start = to;
            }
        }

        result.Write(_bytes, start, end - start);
    }
}
