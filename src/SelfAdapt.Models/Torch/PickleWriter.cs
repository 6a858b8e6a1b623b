using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace SelfAdapt.Models.Torch;

/// <summary>Writes a pickle opcode by opcode, without memo.</summary>
internal sealed class PickleWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <param name="protocol">2, or 3 where bytes are written.</param>
    public PickleWriter(byte protocol) => _buffer.Write([PickleOpcodes.Proto, protocol]);

    public void Op(byte opcode) => _buffer.Write([opcode]);

    /// <summary>A class or function, module and name separated by a blank.</summary>
    public void Global(string name)
    {
        Op(PickleOpcodes.Global);
        _buffer.Write(Encoding.ASCII.GetBytes(name.Replace(' ', '\n') + "\n"));
    }

    public void Ints(IEnumerable<long> values)
    {
        Op(PickleOpcodes.Mark);
        foreach (long value in values)
        {
            Int(value);
        }

        Op(PickleOpcodes.Tuple);
    }

    public void Int(long value)
    {
        Op(PickleOpcodes.BinInt);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(4), checked((int)value));
        _buffer.Advance(4);
    }

    public void Double(double value)
    {
        Op(PickleOpcodes.BinFloat);
        BinaryPrimitives.WriteDoubleBigEndian(_buffer.GetSpan(8), value);
        _buffer.Advance(8);
    }

    public void Text(string value) => Run(PickleOpcodes.BinUnicode, Encoding.UTF8.GetBytes(value));

    /// <summary>Bytes; protocol 3.</summary>
    public void Bytes(ReadOnlySpan<byte> value) => Run(PickleOpcodes.BinBytes, value);

    public byte[] Finish()
    {
        Op(PickleOpcodes.Stop);
        return _buffer.WrittenSpan.ToArray();
    }

    private void Run(byte opcode, ReadOnlySpan<byte> value)
    {
        Op(opcode);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(4), value.Length);
        _buffer.Advance(4);
        _buffer.Write(value);
    }
}
