using System.Text;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Tests.Models;

/// <summary>Models made by hand for the tests of this room.</summary>
internal static class SmallModels
{
    /// <summary>
    /// y = Conv(x, w, b) + Identity(b) + Constant, with a doubled shared bias, symbolic sizes and metadata.
    /// </summary>
    public static byte[] Conv(long irVersion = 8)
    {
        OnnxWriter writer = new("small", 16, irVersion);
        writer.AddInput(Value("x", null, 2, null, null));
        writer.AddOutput(Value("y", null, 3, null, null));
        writer.AddInitializer(OnnxTensor.FromFloats("w", [3, 2, 1, 1], [1, 2, 3, 4, 5, 6]));
        writer.AddInitializer(OnnxTensor.FromFloats("b", [3, 1, 1], [.5f, -.5f, .25f]));
        writer.AddNode("Identity", "shared", ["b"], ["b2"]);
        writer.AddNode(
            "Constant", "const", [], ["c"],
            OnnxAttribute.Tensor("value", OnnxTensor.FromFloats("", [], [7])));
        writer.AddNode(
            "Conv", "conv", ["x", "w"], ["t0"],
            OnnxAttribute.Ints("kernel_shape", 1, 1), OnnxAttribute.Int("group", 1));
        writer.AddNode("Add", "add_b", ["t0", "b"], ["t1"]);
        writer.AddNode("Add", "add_b2", ["t1", "b2"], ["t2"]);
        writer.AddNode("Add", "add_c", ["t2", "c"], ["y"]);
        writer.AddMetadata("key", "value");
        return writer.ToArray();
    }

    public static OnnxValueInfo Value(string name, params long?[] shape)
    {
        List<OnnxDimension> dims = [];
        foreach (long? size in shape)
        {
            dims.Add(new OnnxDimension(size, size is null ? $"d{dims.Count}" : null));
        }

        return new OnnxValueInfo(name, OnnxDataType.Float, dims);
    }

    public static OnnxModel Parse(byte[] bytes) => OnnxModel.Parse(bytes, "test.onnx");

    /// <summary>A protobuf field with a length-delimited payload.</summary>
    public static byte[] Field(int number, params byte[][] payload)
    {
        ProtoWriter writer = new();
        writer.Bytes(number, Concat(payload));
        return writer.ToArray();
    }

    /// <summary>A protobuf field with text.</summary>
    public static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    /// <summary>A protobuf field with a number.</summary>
    public static byte[] Field(int number, long value)
    {
        ProtoWriter writer = new();
        writer.Int(number, value);
        return writer.ToArray();
    }

    /// <summary>A model whose graph message is given as raw fields.</summary>
    public static byte[] WithGraph(params byte[][] graphFields) => Concat(
        Field(1, 8), Field(7, graphFields), Field(8, Concat(Field(1, ""), Field(2, 16))));

    public static byte[] Concat(params byte[][] parts)
    {
        List<byte> all = [];
        foreach (byte[] part in parts)
        {
            all.AddRange(part);
        }

        return [.. all];
    }

    public static SelfAdaptException Refused(byte[] bytes, ErrorKind code = ErrorKind.ModelMalformed)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Parse(bytes));
        Assert.AreEqual(code, e.Kind, e.Message);
        StringAssert.Contains(e.Message, "test.onnx", StringComparison.Ordinal);
        return e;
    }
}
