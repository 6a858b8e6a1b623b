using System.Globalization;
using System.IO.Compression;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Torch;

/// <summary>
/// Writes a state dict the way torch does (docs/cellpose.md 2.2, the minimal writer verified there): stored zip
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
        PickleWriter pickle = new(protocol: 2);
        EmptyOrderedDict(pickle);
        pickle.Op(PickleOpcodes.Mark);
        for (int i = 0; i < tensors.Count; i++)
        {
            pickle.Text(tensors[i].Name);
            Tensor(pickle, tensors[i], i);
        }

        pickle.Op(PickleOpcodes.SetItems);
        return pickle.Finish();
    }

    private static void Tensor(PickleWriter pickle, OnnxTensor tensor, int index)
    {
        pickle.Global(TorchNames.RebuildTensor);
        pickle.Op(PickleOpcodes.Mark);
        pickle.Op(PickleOpcodes.Mark);
        pickle.Text("storage");
        pickle.Global(TorchNames.StorageOf(tensor.DataType));
        pickle.Text(index.ToString(CultureInfo.InvariantCulture));
        pickle.Text("cpu");
        pickle.Int(tensor.Count);
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.BinPersId);
        pickle.Int(0);
        pickle.Ints(tensor.Dims);
        long[] strides = new long[tensor.Dims.Count];
        long stride = 1;
        for (int axis = strides.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= Math.Max(tensor.Dims[axis], 1);
        }

        pickle.Ints(strides);
        pickle.Op(PickleOpcodes.NewFalse);
        EmptyOrderedDict(pickle);
        pickle.Op(PickleOpcodes.Tuple);
        pickle.Op(PickleOpcodes.Reduce);
    }

    private static void EmptyOrderedDict(PickleWriter pickle)
    {
        pickle.Global(PickleReader.OrderedDict);
        pickle.Op(PickleOpcodes.EmptyTuple);
        pickle.Op(PickleOpcodes.Reduce);
    }
}
