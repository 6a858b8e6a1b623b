using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;

namespace SelfAdapt.Onnx;

/// <summary>
/// Writes a state dict the way torch does (spec/cellpose.md 2.2, the minimal writer verified there): stored
/// zip
/// entries, protocol 2 without memo, contiguous tensors on the CPU. The same tensors give the same bytes.
/// </summary>
internal static class TorchWriter
{
    // The first instant a zip file can express; a real date would make equal checkpoints differ.
    private static readonly DateTimeOffset Epoch = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static byte[] Write(IReadOnlyList<OnnxTensor> tensors, string root)
    {
        using MemoryStream result = new();
        using (ZipArchive zip = new(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, $"{root}/data.pkl", Pickle(tensors));
            for (int i = 0; i < tensors.Count; i++)
            {
                Add(zip, string.Create(CultureInfo.InvariantCulture, $"{root}/data/{i}"), tensors[i].ToRaw());
            }

            Add(zip, $"{root}/version", "3\n"u8.ToArray());
        }

        return result.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
        entry.LastWriteTime = Epoch;
        using Stream stream = entry.Open();
        stream.Write(content);
    }

    private static byte[] Pickle(IReadOnlyList<OnnxTensor> tensors)
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Write([PickleOpcodes.Proto, (byte)2]);
        EmptyOrderedDict(buffer);
        buffer.Write([PickleOpcodes.Mark]);
        for (int i = 0; i < tensors.Count; i++)
        {
            Text(buffer, tensors[i].Name);
            Tensor(buffer, tensors[i], i);
        }

        buffer.Write([PickleOpcodes.SetItems, PickleOpcodes.Stop]);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Tensor(ArrayBufferWriter<byte> buffer, OnnxTensor tensor, int index)
    {
        Global(buffer, TorchNames.RebuildTensor);
        buffer.Write([PickleOpcodes.Mark, PickleOpcodes.Mark]);
        Text(buffer, "storage");
        Global(buffer, TorchNames.StorageOf(tensor.DataType));
        Text(buffer, index.ToString(CultureInfo.InvariantCulture));
        Text(buffer, "cpu");
        Int(buffer, tensor.Count);
        buffer.Write([PickleOpcodes.Tuple, PickleOpcodes.BinPersId]);
        Int(buffer, 0);
        Ints(buffer, tensor.Dims);
        long[] strides = new long[tensor.Dims.Count];
        long stride = 1;
        for (int axis = strides.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= Math.Max(tensor.Dims[axis], 1);
        }

        Ints(buffer, strides);
        buffer.Write([PickleOpcodes.NewFalse]);
        EmptyOrderedDict(buffer);
        buffer.Write([PickleOpcodes.Tuple, PickleOpcodes.Reduce]);
    }

    private static void EmptyOrderedDict(ArrayBufferWriter<byte> buffer)
    {
        Global(buffer, PickleReader.OrderedDict);
        buffer.Write([PickleOpcodes.EmptyTuple, PickleOpcodes.Reduce]);
    }

    private static void Global(ArrayBufferWriter<byte> buffer, string name)
    {
        buffer.Write([PickleOpcodes.Global]);
        buffer.Write(Encoding.ASCII.GetBytes(name.Replace(' ', '\n') + "\n"));
    }

    private static void Ints(ArrayBufferWriter<byte> buffer, IEnumerable<long> values)
    {
        buffer.Write([PickleOpcodes.Mark]);
        foreach (long value in values)
        {
            Int(buffer, value);
        }

        buffer.Write([PickleOpcodes.Tuple]);
    }

    private static void Int(ArrayBufferWriter<byte> buffer, long value)
    {
        buffer.Write([PickleOpcodes.BinInt]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(4), checked((int)value));
        buffer.Advance(4);
    }

    private static void Text(ArrayBufferWriter<byte> buffer, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        buffer.Write([PickleOpcodes.BinUnicode]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(4), bytes.Length);
        buffer.Advance(4);
        buffer.Write(bytes);
    }
}
