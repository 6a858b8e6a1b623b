using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Models.Onnx;

internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>A stretch of the file.</summary>
internal readonly record struct ByteRange(int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>
/// Reads one protobuf message out of a larger buffer without copying, keeping absolute byte offsets.
/// Every length is checked against the enclosing message before use, so nothing is allocated on a promise.
/// </summary>
internal struct ProtoReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ModelSource _source;
    private readonly int _end;
    private string _where;
    private int _position;

    public ProtoReader(ModelSource source, ByteRange range, string where)
    {
        (_source, _position, _end, _where) = (source, range.Start, range.End, where);
        RecordStart = range.Start;
        Field = 0;
        Wire = WireType.Varint;
    }

    /// <summary>Number of the field that <see cref="Next"/> stopped at.</summary>
    public int Field { get; private set; }

    public WireType Wire { get; private set; }

    /// <summary>Offset of the tag of the field that <see cref="Next"/> stopped at.</summary>
    public int RecordStart { get; private set; }

    /// <summary>The field's bytes from its tag to its end, once it has been read.</summary>
    public readonly ByteRange Record => new(RecordStart, _position - RecordStart);

    /// <summary>Offset of the next unread byte.</summary>
    public readonly int Position => _position;

    /// <summary>Sets how the message is called in error messages, once its name is known.</summary>
    public void Rename(string where) => _where = where;

    /// <summary>Moves to the next field's value; false at the end of the message.</summary>
    public bool Next()
    {
        if (_position == _end)
        {
            return false;
        }

        RecordStart = _position;
        ulong tag = Varint();
        if (tag > uint.MaxValue || tag >> 3 == 0)
        {
            throw Error($"impossible field tag {tag}");
        }

        Field = (int)(tag >> 3);
        Wire = (WireType)(tag & 7);
        return Wire is WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32
            ? true
            : throw Error($"field {Field} has the unknown wire type {(int)Wire}");
    }

    /// <summary>Reads a base-128 varint of at most 64 bits.</summary>
    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_position >= _end)
            {
                throw Error("it ends in the middle of a number");
            }

            byte b = _source.Bytes[_position++];
            if (shift == 63 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw Error("a number is longer than 64 bits");
    }

    /// <summary>The current field's value as an integer.</summary>
    public long Int()
    {
        Expect(WireType.Varint);
        return (long)Varint();
    }

    /// <summary>The current field's value as a 32-bit float.</summary>
    public float Float()
    {
        Expect(WireType.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(_source.Bytes.AsSpan(Take(4).Start));
    }

    /// <summary>The range of the current length-delimited field's payload.</summary>
    public ByteRange Bytes()
    {
        Expect(WireType.Bytes);
        ulong length = Varint();
        return length > (ulong)(_end - _position)
            ? throw Error($"field {Field} claims {length} bytes where {_end - _position} are left")
            : Take((int)length);
    }

    /// <summary>The range of a fixed-width value (4 or 8 bytes).</summary>
    public ByteRange Fixed(WireType wire)
    {
        Expect(wire);
        return Take(wire == WireType.Fixed32 ? 4 : 8);
    }

    /// <summary>The current field as text.</summary>
    public string Text(int limit = 1 << 16)
    {
        ByteRange range = Bytes();
        _source.Count(1);
        if (range.Length > limit)
        {
            throw Error($"field {Field} is a text of {range.Length} bytes; at most {limit} are read");
        }

        try
        {
            return StrictUtf8.GetString(_source.Bytes, range.Start, range.Length);
        }
        catch (DecoderFallbackException)
        {
            throw Error($"field {Field} is not UTF-8 text");
        }
    }

    /// <summary>The rest of the message as one key with its value.</summary>
    public (string Key, string Value) Entry(int valueLimit = 1 << 16)
    {
        string key = "";
        string value = "";
        while (Next())
        {
            switch (Field)
            {
                case 1:
                    key = Text();
                    break;
                case 2:
                    value = Text(valueLimit);
                    break;
                default:
                    Skip();
                    break;
            }
        }

        return (key, value);
    }

    /// <summary>A reader for the current field as an embedded message.</summary>
    public ProtoReader Message(string where)
    {
        ByteRange range = Bytes();
        _source.Count(1);
        return new ProtoReader(_source, range, where);
    }

    /// <summary>Passes over the current field.</summary>
    public void Skip()
    {
        switch (Wire)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Bytes:
                Bytes();
                break;
            default:
                Fixed(Wire);
                break;
        }
    }

    /// <summary>An error about this message, with the offset.</summary>
    public readonly SelfAdaptException Error(string why) =>
        _source.Malformed($"{_where}: {why} (byte {RecordStart})");

    private readonly void Expect(WireType wire)
    {
        if (Wire != wire)
        {
            throw Error($"field {Field} is stored as {Wire} where {wire} belongs");
        }
    }

    private ByteRange Take(int length)
    {
        if (length > _end - _position)
        {
            throw Error($"it ends in the middle of field {Field}");
        }

        ByteRange range = new(_position, length);
        _position += length;
        return range;
    }
}
