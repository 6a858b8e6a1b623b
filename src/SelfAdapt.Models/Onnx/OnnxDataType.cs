namespace SelfAdapt.Models.Onnx;

/// <summary>Element types, numbered as in ONNX's TensorProto.DataType.</summary>
internal enum OnnxDataType
{
    Undefined = 0,
    Float = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,

    /// <summary>Carried but not read.</summary>
    String = 8,

    /// <summary>Truth value, one byte.</summary>
    Bool = 9,

    /// <summary>16-bit float (IEEE half).</summary>
    Float16 = 10,

    Double = 11,
    UInt32 = 12,
    UInt64 = 13,

    /// <summary>Carried but not read.</summary>
    Complex64 = 14,

    /// <summary>Carried but not read.</summary>
    Complex128 = 15,

    /// <summary>16-bit float with an 8-bit exponent.</summary>
    BFloat16 = 16,
}

internal static class OnnxDataTypes
{
    private const double LargestExact = 1L << 53;

    /// <summary>Bytes per element in raw_data; 0 for types that are carried but not read.</summary>
    public static int Size(OnnxDataType type) => type switch
    {
        OnnxDataType.UInt8 or OnnxDataType.Int8 or OnnxDataType.Bool => 1,
        OnnxDataType.UInt16 or OnnxDataType.Int16 or OnnxDataType.Float16 or OnnxDataType.BFloat16 => 2,
        OnnxDataType.Float or OnnxDataType.Int32 or OnnxDataType.UInt32 => 4,
        OnnxDataType.Double or OnnxDataType.Int64 or OnnxDataType.UInt64 => 8,
        _ => 0,
    };

    /// <summary>Number of the TensorProto field that holds such elements when raw_data does not.</summary>
    public static int TypedField(OnnxDataType type) => type switch
    {
        OnnxDataType.Float => TensorFields.FloatData,
        OnnxDataType.Double => TensorFields.DoubleData,
        OnnxDataType.Int64 => TensorFields.Int64Data,
        OnnxDataType.UInt32 or OnnxDataType.UInt64 => TensorFields.UInt64Data,
        _ => TensorFields.Int32Data,
    };

    /// <summary>The least and the most of an integer type, as far as doubles hold them exactly.</summary>
    public static (double Least, double Most) Range(OnnxDataType type) => type switch
    {
        OnnxDataType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        OnnxDataType.UInt8 => (byte.MinValue, byte.MaxValue),
        OnnxDataType.Int16 => (short.MinValue, short.MaxValue),
        OnnxDataType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        OnnxDataType.Int32 => (int.MinValue, int.MaxValue),
        OnnxDataType.UInt32 => (uint.MinValue, uint.MaxValue),
        OnnxDataType.UInt64 => (0, LargestExact),
        _ => (-LargestExact, LargestExact),
    };

    /// <summary>True for the types that a weight may have.</summary>
    public static bool IsFloating(OnnxDataType type) =>
        type is OnnxDataType.Float or OnnxDataType.Double or OnnxDataType.Float16 or OnnxDataType.BFloat16;
}

internal static class TensorFields
{
    public const int Dims = 1;
    public const int DataType = 2;
    public const int Segment = 3;
    public const int FloatData = 4;
    public const int Int32Data = 5;
    public const int StringData = 6;
    public const int Int64Data = 7;
    public const int Name = 8;
    public const int RawData = 9;
    public const int DoubleData = 10;
    public const int UInt64Data = 11;
    public const int ExternalData = 13;
    public const int DataLocation = 14;
}
