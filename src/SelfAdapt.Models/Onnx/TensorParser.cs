namespace SelfAdapt.Models.Onnx;

internal static class TensorParser
{
    private const int MaxRank = 32;

    public static OnnxTensor Read(ModelSource source, ProtoReader reader, ByteRange record)
    {
        string name = "";
        OnnxDataType type = OnnxDataType.Undefined;
        List<long> dims = [];
        TensorData data = new(source);
        bool external = false;
        Dictionary<string, string> place = [];
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case TensorFields.Dims:
                    ReadInts(source, ref reader, dims);
                    break;
                case TensorFields.DataType:
                    type = (OnnxDataType)(int)reader.Int();
                    break;
                case TensorFields.Name:
                    name = reader.Text();
                    reader.Rename($"tensor '{name}'");
                    break;
                case TensorFields.RawData when data.Raw is null:
                    data.Raw = reader.Bytes();
                    break;
                case TensorFields.FloatData or TensorFields.DoubleData:
                    ReadFixed(ref reader, data);
                    break;
                case TensorFields.Int32Data or TensorFields.Int64Data or TensorFields.UInt64Data:
                    ReadVarints(source, ref reader, data);
                    break;
                case TensorFields.StringData:
                    reader.Bytes();
                    data.StringCount++;
                    break;
                case TensorFields.ExternalData:
                    (string key, string value) = reader.Message("an entry of its external data").Entry();
                    place[key] = value;
                    break;
                case TensorFields.DataLocation:
                    external = reader.Int() != 0;
                    break;
                case TensorFields.RawData:
                    throw reader.Error("raw_data occurs twice");
                case TensorFields.Segment:
                    throw reader.Error("it is stored in segments, which are not read");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (type == OnnxDataType.Undefined)
        {
            throw reader.Error("it has no element type");
        }

        long count = CheckedCount(ref reader, dims);
        if (!external)
        {
            CheckSize(ref reader, type, count, data);
        }
        else if (data.Raw is not null || data.TypedField != 0 || data.StringCount > 0)
        {
            throw reader.Error("its values are in the model and in another file");
        }
        else
        {
            int width = OnnxDataTypes.Size(type);
            data = source.External.Find(source, name, place, width > 0 ? count * width : null);
        }

        return new OnnxTensor(name, type, [.. dims], count, data, record);
    }

    /// <summary>Adds a repeated integer field, packed or not.</summary>
    public static void ReadInts(ModelSource source, ref ProtoReader reader, List<long> values)
    {
        if (reader.Wire == WireType.Varint)
        {
            source.Count(1);
            values.Add(reader.Int());
            return;
        }

        ProtoReader packed = reader.Message("a packed list of integers");
        for (ByteRange range = Remaining(packed, reader); packed.Position < range.End;)
        {
            source.Count(1);
            values.Add((long)packed.Varint());
        }
    }

    private static ByteRange Remaining(ProtoReader packed, ProtoReader after) =>
        new(packed.Position, after.Position - packed.Position);

    private static void ReadFixed(ref ProtoReader reader, TensorData data)
    {
        WireType single = reader.Field == TensorFields.FloatData ? WireType.Fixed32 : WireType.Fixed64;
        int width = single == WireType.Fixed32 ? 4 : 8;
        UseField(ref reader, data);
        if (reader.Wire == single)
        {
            // Single elements stand a tag apart; both fields have one-byte tags.
            int start = reader.RecordStart;
            ByteRange value = reader.Fixed(single);
            data.AddFixed(value, width, value.End - start);
            return;
        }

        ByteRange packed = reader.Bytes();
        if (packed.Length % width != 0)
        {
            throw reader.Error($"{packed.Length} bytes are no whole number of {width}-byte elements");
        }

        data.AddFixed(packed, width, width);
    }

    private static void ReadVarints(ModelSource source, ref ProtoReader reader, TensorData data)
    {
        UseField(ref reader, data);
        if (reader.Wire == WireType.Varint)
        {
            int start = reader.Position;
            reader.Varint();
            data.AddVarints(new ByteRange(start, reader.Position - start), 1);
            return;
        }

        ByteRange range = reader.Bytes();
        ProtoReader packed = new(source, range, "a packed list of integers");
        long count = 0;
        for (; packed.Position < range.End; count++)
        {
            packed.Varint();
        }

        data.AddVarints(range, count);
    }

    private static void UseField(ref ProtoReader reader, TensorData data)
    {
        if (data.TypedField != 0 && data.TypedField != reader.Field)
        {
            throw reader.Error($"its values are in two fields, {data.TypedField} and {reader.Field}");
        }

        data.TypedField = reader.Field;
    }

    private static long CheckedCount(ref ProtoReader reader, List<long> dims)
    {
        if (dims.Count > MaxRank)
        {
            throw reader.Error($"it has {dims.Count} dimensions; at most {MaxRank} are read");
        }

        long count = 1;
        foreach (long dim in dims)
        {
            if (dim < 0 || (dim > 0 && count > int.MaxValue / dim))
            {
                throw reader.Error($"its sizes [{string.Join(',', dims)}] are impossible");
            }

            count *= dim;
        }

        return count;
    }

    private static void CheckSize(ref ProtoReader reader, OnnxDataType type, long count, TensorData data)
    {
        int size = OnnxDataTypes.Size(type);
        if (size == 0)
        {
            return;
        }

        if (data.StringCount > 0 || (data.Raw is not null && data.TypedCount > 0))
        {
            throw reader.Error("its values are stored in two ways at once");
        }

        if (data.TypedCount > 0 && data.TypedField != OnnxDataTypes.TypedField(type))
        {
            throw reader.Error($"its {type} values are in the field of another type");
        }

        if (data.Raw is ByteRange raw ? raw.Length != count * size : data.TypedCount != count)
        {
            string has = data.Raw is ByteRange r ? $"{r.Length} bytes" : $"{data.TypedCount} values";
            throw reader.Error($"its sizes ask for {count} {type} elements, stored are {has}");
        }
    }
}
