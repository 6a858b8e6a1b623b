namespace SelfAdapt.Models.Onnx;

/// <summary>Reads ValueInfoProto messages: name, element type, shape.</summary>
internal static class ValueInfoParser
{
    public static OnnxValueInfo Read(ModelSource source, ProtoReader reader)
    {
        string name = "";
        OnnxDataType type = OnnxDataType.Undefined;
        List<OnnxDimension>? shape = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    name = reader.Text();
                    reader.Rename($"graph value '{name}'");
                    break;
                case 2:
                    (type, shape) = ReadType(source, reader.Message($"type of '{name}'"));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return name.Length > 0 ? new OnnxValueInfo(name, type, shape) : throw reader.Error("it has no name");
    }

    private static (OnnxDataType Type, List<OnnxDimension>? Shape) ReadType(
        ModelSource source, ProtoReader reader)
    {
        OnnxDataType type = OnnxDataType.Undefined;
        List<OnnxDimension>? shape = null;
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            ProtoReader tensor = reader.Message("a tensor type");
            while (tensor.Next())
            {
                switch (tensor.Field)
                {
                    case 1:
                        type = (OnnxDataType)(int)tensor.Int();
                        break;
                    case 2:
                        shape = ReadShape(source, tensor.Message("a shape"));
                        break;
                    default:
                        tensor.Skip();
                        break;
                }
            }
        }

        return (type, shape);
    }

    private static List<OnnxDimension> ReadShape(ModelSource source, ProtoReader reader)
    {
        List<OnnxDimension> shape = [];
        while (reader.Next())
        {
            if (reader.Field != 1)
            {
                reader.Skip();
                continue;
            }

            source.Count(1);
            shape.Add(ReadDimension(reader.Message("a dimension")));
        }

        return shape;
    }

    private static OnnxDimension ReadDimension(ProtoReader reader)
    {
        long? value = null;
        string? symbol = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    value = reader.Int();
                    break;
                case 2:
                    symbol = reader.Text();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        // Some exporters write -1 or 0 for "varies".
        return new OnnxDimension(value is > 0 ? value : null, symbol);
    }
}
