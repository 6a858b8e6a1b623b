using System.Buffers.Binary;

namespace SelfAdapt.Models.Onnx;

/// <summary>Reads NodeProto and AttributeProto messages.</summary>
internal static class NodeParser
{
    private const int GraphKind = 5;
    private const int GraphsKind = 10;

    public static string NormalDomain(string domain) => domain == "ai.onnx" ? "" : domain;

    public static OnnxNode Read(ModelSource source, ProtoReader reader, ByteRange record)
    {
        string name = "";
        string opType = "";
        string domain = "";
        List<string> inputs = [];
        List<string> outputs = [];
        Dictionary<string, OnnxAttribute> attributes = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case NodeFields.Input:
                    inputs.Add(reader.Text());
                    break;
                case NodeFields.Output:
                    outputs.Add(reader.Text());
                    break;
                case NodeFields.Name:
                    name = reader.Text();
                    reader.Rename($"node '{name}'");
                    break;
                case NodeFields.OpType:
                    opType = reader.Text();
                    break;
                case NodeFields.Domain:
                    domain = NormalDomain(reader.Text());
                    break;
                case NodeFields.Attribute:
                    string where = $"an attribute of node '{name}'";
                    OnnxAttribute attribute = ReadAttribute(source, reader.Message(where));
                    if (!attributes.TryAdd(attribute.Name, attribute))
                    {
                        throw reader.Error($"the attribute '{attribute.Name}' occurs twice");
                    }

                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (opType.Length == 0)
        {
            throw reader.Error("it names no operator");
        }

        return new OnnxNode(source, record, attributes)
        {
            Name = name,
            OpType = opType,
            Domain = domain,
            Inputs = inputs,
            Outputs = outputs,
        };
    }

    private static OnnxAttribute ReadAttribute(ModelSource source, ProtoReader reader)
    {
        string name = "";
        int kind = 0;
        int seen = 0;
        float single = 0;
        long integer = 0;
        byte[] text = [];
        OnnxTensor? tensor = null;
        List<float> floats = [];
        List<long> ints = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case AttributeFields.Name:
                    name = reader.Text();
                    reader.Rename($"attribute '{name}'");
                    break;
                case AttributeFields.Type:
                    kind = (int)reader.Int();
                    break;
                case AttributeFields.F:
                    (single, seen) = (reader.Float(), (int)OnnxAttributeKind.Float);
                    break;
                case AttributeFields.I:
                    (integer, seen) = (reader.Int(), (int)OnnxAttributeKind.Int);
                    break;
                case AttributeFields.S:
                    ByteRange range = reader.Bytes();
                    text = source.Bytes[range.Start..range.End];
                    seen = (int)OnnxAttributeKind.String;
                    break;
                case AttributeFields.T:
                    ProtoReader message = reader.Message($"the tensor in attribute '{name}'");
                    tensor = TensorParser.Read(source, message, reader.Record);
                    seen = (int)OnnxAttributeKind.Tensor;
                    if (tensor.Data.Source != source)
                    {
                        throw reader.Error("its values are in another file, which is read for initialisers only");
                    }

                    break;
                case AttributeFields.Floats:
                    ReadFloats(source, ref reader, floats);
                    seen = (int)OnnxAttributeKind.Floats;
                    break;
                case AttributeFields.Ints:
                    TensorParser.ReadInts(source, ref reader, ints);
                    seen = (int)OnnxAttributeKind.Ints;
                    break;
                case AttributeFields.G or AttributeFields.Graphs:
                    (kind, seen) = (GraphKind, GraphKind);
                    reader.Skip();
                    break;
                case AttributeFields.RefName:
                    throw reader.Error("it refers to a function's attribute outside of a function");
                case AttributeFields.SparseTensor:
                    throw source.NotRead(
                        $"attribute '{name}' is a sparse tensor, which is not read.",
                        "Export the model again with dense weights in one file.");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (kind is GraphKind or GraphsKind)
        {
            throw source.Unsupported(
                $"attribute '{name}' holds a subgraph (If, Loop, Scan), which is not read.",
                "Export the model with fixed control flow.");
        }

        if (name.Length == 0 || ((OnnxAttributeKind)kind == OnnxAttributeKind.Tensor && tensor is null))
        {
            throw reader.Error(name.Length == 0 ? "it has no name" : "its tensor is missing");
        }

        return new OnnxAttribute(name, (OnnxAttributeKind)(kind != 0 ? kind : seen))
        {
            FloatValue = single,
            IntValue = integer,
            StringValue = text,
            TensorValue = tensor,
            FloatValues = floats,
            IntValues = ints,
        };
    }

    private static void ReadFloats(ModelSource source, ref ProtoReader reader, List<float> values)
    {
        if (reader.Wire == WireType.Fixed32)
        {
            source.Count(1);
            values.Add(reader.Float());
            return;
        }

        ByteRange packed = reader.Bytes();
        if (packed.Length % sizeof(float) != 0)
        {
            throw reader.Error("a packed list of floats holds a part of one");
        }

        for (int at = packed.Start; at < packed.End; at += sizeof(float))
        {
            source.Count(1);
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(source.Bytes.AsSpan(at)));
        }
    }
}

internal static class NodeFields
{
    public const int Input = 1;
    public const int Output = 2;
    public const int Name = 3;
    public const int OpType = 4;
    public const int Attribute = 5;
    public const int Domain = 7;
}

internal static class AttributeFields
{
    public const int Name = 1;
    public const int F = 2;
    public const int I = 3;
    public const int S = 4;
    public const int T = 5;
    public const int G = 6;
    public const int Floats = 7;
    public const int Ints = 8;
    public const int Graphs = 11;
    public const int Type = 20;
    public const int RefName = 21;
    public const int SparseTensor = 22;
}
