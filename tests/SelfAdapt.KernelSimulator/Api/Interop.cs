namespace ILGPU;

/// <summary>The bits of numbers.</summary>
public static class Interop
{
    /// <summary>A number's bits.</summary>
    /// <param name="value">The number.</param>
    public static uint FloatAsInt(float value) => BitConverter.SingleToUInt32Bits(value);

    /// <summary>A number's bits.</summary>
    /// <param name="value">The number.</param>
    public static ulong FloatAsInt(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>The number with these bits.</summary>
    /// <param name="value">The bits.</param>
    public static float IntAsFloat(uint value) => BitConverter.UInt32BitsToSingle(value);

    /// <summary>The number with these bits.</summary>
    /// <param name="value">The bits.</param>
    public static double IntAsFloat(ulong value) => BitConverter.UInt64BitsToDouble(value);
}
