using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Models.Onnx;

/// <summary>Writes one protobuf message.</summary>
internal sealed class ProtoWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    public int Length => _buffer.WrittenCount;

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void Int(int field, long value)
    {
        Tag(field, WireType.Varint);
        Varint((ulong)value);
    }

    public void Float(int field, float value)
    {
        Tag(field, WireType.Fixed32);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _buffer.Write(bytes);
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)value.Length);
        _buffer.Write(value);
    }

    public void Message(int field, ProtoWriter message)
    {
        Tag(field, WireType.Bytes);
        Varint((ulong)message.Length);
        Append(message);
    }

    /// <summary>Appends another message's fields to this one's.</summary>
    public void Append(ProtoWriter fields) => Append(fields._buffer.WrittenSpan);

    /// <summary>The same for fields that were written already.</summary>
    public void Append(ReadOnlySpan<byte> fields) => _buffer.Write(fields);

    public void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _buffer.Write([(byte)(value | 0x80)]);
            value >>= 7;
        }

        _buffer.Write([(byte)value]);
    }

    private void Tag(int field, WireType wire) => Varint(((ulong)field << 3) | (uint)wire);
}
