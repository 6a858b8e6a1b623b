using System.Buffers.Binary;

namespace SelfAdapt.Models.Onnx;

/// <summary>Equally spaced fixed-width elements: one packed list, or single fields standing back to back.</summary>
/// <param name="Start">Offset of the first element.</param>
/// <param name="Stride">Bytes from one element to the next.</param>
internal readonly record struct ElementRun(int Start, int Count, int Stride);

/// <summary>Where a tensor's elements stand: in raw_data, in fixed-width runs, or as varints.</summary>
internal sealed class TensorData
{
    private readonly List<ElementRun> _runs = [];
    private readonly List<ByteRange> _varints = [];

    public TensorData(ModelSource source) => Source = source;

    public ModelSource Source { get; }

    public ByteRange? Raw { get; set; }

    /// <summary>Number of the typed field in use, 0 for none.</summary>
    public int TypedField { get; set; }

    public long TypedCount { get; private set; }

    public long StringCount { get; set; }

    public bool IsVarint => _varints.Count > 0;

    public void AddFixed(ByteRange range, int width, int stride)
    {
        int count = range.Length / width;
        TypedCount += count;
        if (_runs.Count > 0 && _runs[^1] is var last && last.Stride == stride
            && last.Start + (long)last.Count * stride == range.Start)
        {
            _runs[^1] = last with { Count = last.Count + count };
        }
        else if (count > 0)
        {
            Source.Count(1);
            _runs.Add(new ElementRun(range.Start, count, stride));
        }
    }

    /// <summary>Adds varints that were read once already, so that they are known to be well formed.</summary>
    public void AddVarints(ByteRange range, long count)
    {
        TypedCount += count;
        if (count > 0)
        {
            Source.Count(1);
            _varints.Add(range);
        }
    }

    /// <summary>Each element's stored bits, in order.</summary>
    public IEnumerable<ulong> Elements(OnnxDataType type)
    {
        int width = OnnxDataTypes.Size(type);
        if (IsVarint)
        {
            foreach (ByteRange range in _varints)
            {
                for (int at = range.Start; at < range.End;)
                {
                    yield return ReadVarint(ref at);
                }
            }

            yield break;
        }

        foreach (ElementRun run in FixedRuns(width))
        {
            for (int i = 0; i < run.Count; i++)
            {
                yield return Read(Source.Bytes, run.Start + i * run.Stride, width);
            }
        }
    }

    /// <summary>The runs of fixed-width elements, raw_data being one of them.</summary>
    public IReadOnlyList<ElementRun> FixedRuns(int width) =>
        Raw is ByteRange raw ? [new ElementRun(raw.Start, raw.Length / width, width)] : _runs;

    public static void Write(byte[] target, int offset, int width, ulong bits)
    {
        Span<byte> buffer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(buffer, bits);
        buffer[..width].CopyTo(target.AsSpan(offset));
    }

    public static ulong Read(byte[] bytes, int offset, int width) => width switch
    {
        1 => bytes[offset],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(offset)),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset)),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset)),
    };

    private ulong ReadVarint(ref int at)
    {
        ulong value = 0;
        int shift = 0;
        byte b;
        do
        {
            b = Source.Bytes[at++];
            value |= (ulong)(b & 0x7f) << shift;
            shift += 7;
        }
        while (b >= 0x80);
        return value;
    }
}
