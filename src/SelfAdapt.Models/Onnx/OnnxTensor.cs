using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SelfAdapt.Models.Onnx;

/// <summary>A constant tensor of a model; its values stay in the model's bytes until asked for.</summary>
internal sealed class OnnxTensor
{
    private readonly TensorData _data;

    internal OnnxTensor(
        string name, OnnxDataType dataType, long[] dims, long count, TensorData data, ByteRange record)
    {
        (Name, DataType, Dims, Count, _data, Record) = (name, dataType, dims, count, data, record);
    }

    /// <summary>Its name; "" for a Constant node's value.</summary>
    public string Name { get; }

    public OnnxDataType DataType { get; }

    /// <summary>Sizes; none for a scalar.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>Number of elements, the product of <see cref="Dims"/>.</summary>
    public long Count { get; }

    internal TensorData Data => _data;

    /// <summary>Where its record (tag, length, message) stands in the model's bytes.</summary>
    internal ByteRange Record { get; }

    public static OnnxTensor FromFloats(string name, long[] dims, ReadOnlySpan<float> values)
    {
        byte[] raw = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * sizeof(float)), values[i]);
        }

        return FromRaw(name, OnnxDataType.Float, dims, raw);
    }

    public static OnnxTensor FromInt64s(string name, long[] dims, ReadOnlySpan<long> values)
    {
        byte[] raw = new byte[values.Length * sizeof(long)];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(raw.AsSpan(i * sizeof(long)), values[i]);
        }

        return FromRaw(name, OnnxDataType.Int64, dims, raw);
    }

    /// <summary>Makes a tensor from little-endian bytes.</summary>
    public static OnnxTensor FromRaw(string name, OnnxDataType type, long[] dims, byte[] raw)
    {
        long count = 1;
        foreach (long dim in dims)
        {
            count = checked(count * dim);
        }

        int size = OnnxDataTypes.Size(type);
        if (size == 0 || raw.Length != count * size)
        {
            string shape = string.Join(',', dims);
            throw new ArgumentException($"{raw.Length} bytes are no {type} tensor [{shape}].");
        }

        TensorData data = new(new ModelSource(raw, name)) { Raw = new ByteRange(0, raw.Length) };
        return new OnnxTensor(name, type, dims, count, data, default);
    }

    /// <summary>The elements as floats, row-major; a fresh array.</summary>
    public float[] ToFloats()
    {
        RequireReadable();
        float[] values = new float[Count];
        if (DataType == OnnxDataType.Float && BitConverter.IsLittleEndian && _data.Raw is ByteRange raw)
        {
            _data.Source.Bytes.AsSpan(raw.Start, raw.Length).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        }

        int i = 0;
        foreach (ulong bits in _data.Elements(DataType))
        {
            values[i++] = ElementBits.ToFloat(DataType, bits);
        }

        return values;
    }

    /// <summary>The elements as 64-bit integers, row-major; a fresh array; fractions are cut off.</summary>
    public long[] ToInt64s()
    {
        RequireReadable();
        long[] values = new long[Count];
        int i = 0;
        foreach (ulong bits in _data.Elements(DataType))
        {
            values[i++] = ElementBits.ToInt64(DataType, bits);
        }

        return values;
    }

    /// <summary>
    /// A copy with other values; elements that are the same keep their stored bits (no double rounding).
    /// </summary>
    internal OnnxTensor WithValues(string name, ReadOnlySpan<float> values)
    {
        int width = OnnxDataTypes.Size(DataType);
        byte[] raw = new byte[values.Length * width];
        int i = 0;
        for (IEnumerator<ulong> bits = _data.Elements(DataType).GetEnumerator(); bits.MoveNext(); i++)
        {
            bool same = ElementBits.Same(ElementBits.ToFloat(DataType, bits.Current), values[i]);
            ulong stored = same ? bits.Current : ElementBits.FromFloat(DataType, values[i]);
            TensorData.Write(raw, i * width, width, stored);
        }

        return FromRaw(name, DataType, [.. Dims], raw);
    }

    /// <summary>The same under another name.</summary>
    internal OnnxTensor Renamed(string name) => new(name, DataType, [.. Dims], Count, _data, Record);

    /// <summary>The elements as stored, little-endian, row-major.</summary>
    internal byte[] ToRaw()
    {
        if (_data.Raw is ByteRange whole)
        {
            return _data.Source.Bytes.AsSpan(whole.Start, whole.Length).ToArray();
        }

        int width = OnnxDataTypes.Size(DataType);
        byte[] raw = new byte[Count * width];
        int at = 0;
        foreach (ulong bits in _data.Elements(DataType))
        {
            TensorData.Write(raw, at, width, bits);
            at += width;
        }

        return raw;
    }

    private void RequireReadable()
    {
        if (OnnxDataTypes.Size(DataType) == 0)
        {
            throw _data.Source.Unsupported(
                $"tensor '{Name}' has element type {DataType}, which is not read.",
                "Export the model with float32 weights.");
        }
    }
}
