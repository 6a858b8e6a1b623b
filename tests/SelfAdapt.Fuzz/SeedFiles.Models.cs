using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Fuzz;

internal static partial class SeedFiles
{
    /// <summary>Cellpose's network with two levels of two channels.</summary>
    public static OnnxModel Cellpose() => CellposeGraphBuilder.Build(State());

    public static TorchCheckpoint State()
    {
        RandomStream random = new(3);
        return CellposeGraphBuilder.RandomState([1, 2, 2], random.NextUniform);
    }

    public static byte[] UNet()
    {
        GraphSketch sketch = new(5, 1, 1);
        Sketched top = sketch.Relu(sketch.BatchNorm(sketch.Conv(sketch.Image, 3, 3)));
        Sketched bottom = sketch.Relu(sketch.Conv(sketch.MaxPool(top), 4, 1));
        sketch.Conv(sketch.Concat(sketch.Resize(bottom, "linear"), top), 1, 3, "y");
        return sketch.ToArray();
    }

    /// <summary>Models to be exported: as they come, and as variants that were exported before.</summary>
    public static IEnumerable<byte[]> Exports()
    {
        foreach (byte[] bytes in (byte[][])[UNet(), Cellpose().Bytes])
        {
            yield return bytes;
            OnnxModel model = OnnxModel.Parse(bytes, "seed");
            yield return NetworkWriter.Write(
                model, Network.Read(model), ModelVariant.Portable, new Dictionary<string, string>());
        }
    }

    /// <summary>A model with its float weights in a file beside it, and a few bytes between them.</summary>
    public static (byte[] Model, byte[] Weights) Beside(OnnxModel model, string location)
    {
        Splicer splicer = new(model);
        using MemoryStream weights = new();
        foreach (OnnxTensor weight in model.Graph.Initializers.Where(t => t.DataType == OnnxDataType.Float))
        {
            weights.Write([1, 2, 3, 4]);
            ProtoWriter tensor = OnnxWriter.TensorHead(weight, weight.Name);
            byte[] values = weight.ToRaw();
            Add("location", location);
            Add("offset", FormattableString.Invariant($"{weights.Length}"));
            Add("length", FormattableString.Invariant($"{values.Length}"));
            tensor.Int(TensorFields.DataLocation, 1);
            ProtoWriter field = new();
            field.Message(GraphFields.Initializer, tensor);
            splicer.Replace(weight.Record, field.ToArray());
            weights.Write(values);

            void Add(string key, string value) =>
                tensor.Message(TensorFields.ExternalData, OnnxWriter.MetadataEntry(key, value));
        }

        return (splicer.Finish(), weights.ToArray());
    }

    /// <summary>Models that keep their weights where none are read.</summary>
    public static IEnumerable<byte[]> Elsewhere() =>
        ((string[])
            ["missing.bin", "../weights.bin", "/etc/passwd", "a/../../b", "link", "C:\\x", "", ".", "..", "a\0b"])
            .Select(location => Beside(OnnxModel.Parse(UNet(), "seed"), location).Model);

    /// <summary>A state dict as safetensors.</summary>
    public static byte[] SafeTensors(IEnumerable<OnnxTensor> tensors)
    {
        using MemoryStream data = new();
        JsonObject header = new() { ["__metadata__"] = new JsonObject { ["format"] = "pt" } };
        foreach (OnnxTensor tensor in tensors)
        {
            long begin = data.Length;
            data.Write(tensor.ToRaw());
            header[tensor.Name] = new JsonObject
            {
                ["dtype"] = tensor.DataType switch
                {
                    OnnxDataType.Double => "F64",
                    OnnxDataType.Float16 => "F16",
                    OnnxDataType.BFloat16 => "BF16",
                    OnnxDataType.Int64 => "I64",
                    _ => "F32",
                },
                ["shape"] = new JsonArray([.. tensor.Dims.Select(d => (JsonNode)d)]),
                ["data_offsets"] = new JsonArray(begin, data.Length),
            };
        }

        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        return [.. BitConverter.GetBytes((long)text.Length), .. text, .. data.ToArray()];
    }

    /// <summary>A chain of sums that takes every value as often as it can be named, and a loop.</summary>
    public static byte[] Nested(bool cyclic)
    {
        OnnxWriter writer = new("nested", 16, 8);
        writer.AddInput(GraphSketch.Value("x", 1));
        writer.AddOutput(GraphSketch.Value("y", 1));
        writer.AddInitializer(OnnxTensor.FromInt64s("long", [2], [65_536, 1]));
        writer.AddNode("ConstantOfShape", "big", ["long"], ["c0"]);
        for (int i = 0; i < 2000; i++)
        {
            writer.AddNode("Add", $"add{i}", [$"c{i}", "c0"], [$"c{i + 1}"]);
        }

        writer.AddNode("Relu", "relu", [cyclic ? "y" : "x"], ["y"]);
        return writer.ToArray();
    }

    /// <summary>Torch's format from before 1.6, which nothing here writes: pickles, then storages.</summary>
    public static byte[] LegacyTorch(IReadOnlyList<OnnxTensor> tensors)
    {
        using MemoryStream stream = new();
        stream.Write([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]);
        stream.Write(Pickled(p => p.Int(1001)));
        stream.Write(Pickled(p =>
        {
            p.Op(PickleOpcodes.EmptyDict);
            p.Op(PickleOpcodes.Mark);
            p.Text("little_endian");
            p.Op(PickleOpcodes.NewTrue);
            p.Op(PickleOpcodes.SetItems);
        }));
        stream.Write(PickleOf(tensors));
        stream.Write(Pickled(p =>
        {
            p.Op(PickleOpcodes.EmptyList);
            p.Op(PickleOpcodes.Mark);
            for (int i = 0; i < tensors.Count; i++)
            {
                p.Text(FormattableString.Invariant($"{i}"));
            }

            p.Op(PickleOpcodes.Appends);
        }));
        foreach (OnnxTensor tensor in tensors)
        {
            stream.Write(BitConverter.GetBytes(tensor.Count));
            stream.Write(tensor.ToRaw());
        }

        return stream.ToArray();
    }

    /// <summary>The data.pkl of a checkpoint.</summary>
    public static byte[] PickleOf(IReadOnlyList<OnnxTensor> tensors)
    {
        using ZipArchive zip = new(new MemoryStream(new TorchCheckpoint("seed", tensors).ToArray()));
        using Stream entry = zip.Entries.Single(e => e.Name == "data.pkl").Open();
        using MemoryStream copy = new();
        entry.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Pickles that would run a program where they are unpickled by Python.</summary>
    public static IEnumerable<byte[]> ForeignPickles() =>
        ((string[])["os system", "posix system", "builtins eval", "__builtin__ exec", "torch.serialization load"])
            .Select(name => Pickled(p =>
            {
                p.Global(name);
                p.Op(PickleOpcodes.Mark);
                p.Text("touch fuzz-was-here");
                p.Op(PickleOpcodes.Tuple);
                p.Op(PickleOpcodes.Reduce);
            }));

    /// <summary>A checkpoint with many storages that all lie in the same bytes of the zip file.</summary>
    public static byte[] OverlappingStorages(int count, int elements)
    {
        OnnxTensor one = OnnxTensor.FromFloats("w", [elements], new float[elements]);
        OnnxTensor[] tensors = [.. Enumerable.Range(0, count)
            .Select(i => OnnxTensor.FromFloats($"w{i}", [0], []))];
        byte[] pickle = PickleOf(tensors);

        // Every storage is said to have all elements, every tensor none of them.
        byte[] none = [(byte)'J', 0, 0, 0, 0, (byte)'t', (byte)'Q'];
        for (int at = 0; (at = IndexOf(pickle, none, at)) >= 0; at++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(pickle.AsSpan(at + 1), elements);
        }

        byte[] zip = Zip(false, [("a/data.pkl", pickle), ("a/data/0", one.ToRaw())]);
        int directory = IndexOf(zip, "PK\x01\x02"u8.ToArray(), 0);
        int first = IndexOf(zip, "PK\x01\x02"u8.ToArray(), directory + 4);
        int end = IndexOf(zip, "PK\x05\x06"u8.ToArray(), first);
        byte[] entry = zip[first..end];
        List<byte> all = [.. zip[..first]];
        for (int i = 0; i < count; i++)
        {
            byte[] name = Encoding.ASCII.GetBytes(FormattableString.Invariant($"a/data/{i}"));
            byte[] copy = [.. entry.AsSpan(0, 46), .. name, .. entry.AsSpan(46 + "a/data/0".Length)];
            BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(28), (ushort)name.Length);
            all.AddRange(copy);
        }

        byte[] tail = zip[end..];
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(8), (ushort)(count + 1));
        BinaryPrimitives.WriteUInt16LittleEndian(tail.AsSpan(10), (ushort)(count + 1));
        BinaryPrimitives.WriteInt32LittleEndian(tail.AsSpan(12), all.Count - directory);
        return [.. all, .. tail];
    }

    private static byte[] Pickled(Action<PickleWriter> content)
    {
        PickleWriter writer = new(2);
        content(writer);
        return writer.Finish();
    }

    private static int IndexOf(byte[] bytes, byte[] part, int from)
    {
        int found = bytes.AsSpan(from).IndexOf(part);
        return found < 0 ? -1 : from + found;
    }
}
