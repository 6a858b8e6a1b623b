namespace SelfAdapt.Models.Onnx;

/// <summary>Turns stored element bits into numbers and floats back into stored bits.</summary>
internal static class ElementBits
{
    public static float ToFloat(OnnxDataType type, ulong bits) => type switch
    {
        OnnxDataType.Float => BitConverter.UInt32BitsToSingle((uint)bits),
        OnnxDataType.Double => (float)BitConverter.UInt64BitsToDouble(bits),
        OnnxDataType.Float16 => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
        OnnxDataType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)(ushort)bits << 16),
        OnnxDataType.UInt64 => bits,
        _ => ToInt64(type, bits),
    };

    public static long ToInt64(OnnxDataType type, ulong bits) => type switch
    {
        OnnxDataType.Float or OnnxDataType.Float16 or OnnxDataType.BFloat16 => (long)ToFloat(type, bits),
        OnnxDataType.Double => (long)BitConverter.UInt64BitsToDouble(bits),
        OnnxDataType.UInt8 => (byte)bits,
        OnnxDataType.Int8 => (sbyte)bits,
        OnnxDataType.UInt16 => (ushort)bits,
        OnnxDataType.Int16 => (short)bits,
        OnnxDataType.Int32 => (int)bits,
        OnnxDataType.UInt32 => (uint)bits,
        OnnxDataType.Bool => (byte)bits == 0 ? 0 : 1,
        _ => (long)bits,
    };

    /// <summary>The stored bits of a float in a floating element type, rounding to nearest even.</summary>
    public static ulong FromFloat(OnnxDataType type, float value) => type switch
    {
        OnnxDataType.Float => BitConverter.SingleToUInt32Bits(value),
        OnnxDataType.Double => BitConverter.DoubleToUInt64Bits(value),
        OnnxDataType.Float16 => BitConverter.HalfToUInt16Bits((Half)value),
        OnnxDataType.BFloat16 => RoundToBFloat16(value),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating type"),
    };

    /// <summary>True for the same bits: -0 and 0 differ, a NaN equals itself.</summary>
    public static bool Same(float a, float b) =>
        BitConverter.SingleToUInt32Bits(a) == BitConverter.SingleToUInt32Bits(b);

    private static ulong RoundToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            return (bits >> 16) | 0x40;
        }

        return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    }
}
