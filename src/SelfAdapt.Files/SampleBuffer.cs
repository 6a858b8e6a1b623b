using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace SelfAdapt.Files;

/// <summary>Values of one number type in the machine's byte order.</summary>
internal sealed class SampleBuffer
{
    /// <summary>Makes room for values, all zero.</summary>
    public SampleBuffer(SampleKind kind, long count)
    {
        (Kind, Count) = (kind, checked((int)count));
        Bytes = new byte[checked(Count * kind.Size())];
    }

    public SampleKind Kind { get; }

    /// <summary>How many values there are.</summary>
    public int Count { get; }

    /// <summary>The values' bytes, in the machine's order.</summary>
    public byte[] Bytes { get; }

    /// <summary>Turns values read from a file into the machine's byte order, in place.</summary>
    /// <param name="size">Bytes of one value: 1, 2, 4 or 8.</param>
    /// <param name="bigEndian">Whether the file has the high byte first.</param>
    public static void ToMachineOrder(Span<byte> bytes, int size, bool bigEndian)
    {
        if (bigEndian != BitConverter.IsLittleEndian)
        {
            return;
        }

        switch (size)
        {
            case 2:
                Span<ushort> shorts = MemoryMarshal.Cast<byte, ushort>(bytes);
                BinaryPrimitives.ReverseEndianness(shorts, shorts);
                break;
            case 4:
                Span<uint> ints = MemoryMarshal.Cast<byte, uint>(bytes);
                BinaryPrimitives.ReverseEndianness(ints, ints);
                break;
            case 8:
                Span<ulong> longs = MemoryMarshal.Cast<byte, ulong>(bytes);
                BinaryPrimitives.ReverseEndianness(longs, longs);
                break;
        }
    }

    /// <summary>Copies every n-th value.</summary>
    /// <param name="source">Values of <paramref name="size"/> bytes each, from the first one to copy.</param>
    /// <param name="sourceStep">Distance of two copied values in the source, values.</param>
    /// <param name="target">Receives the values, from the first one to write.</param>
    /// <param name="targetStep">Distance of two written values in the target, values.</param>
    /// <param name="size">Bytes of one value: 1, 2, 4 or 8.</param>
    public static void CopyStrided(
        ReadOnlySpan<byte> source, int sourceStep, Span<byte> target, int targetStep, int count, int size)
    {
        if (sourceStep == 1 && targetStep == 1)
        {
            source[..(count * size)].CopyTo(target);
            return;
        }

        switch (size)
        {
            case 1:
                CopyStrided(source, sourceStep, target, targetStep, count);
                break;
            case 2:
                CopyStrided(Cast<ushort>(source), sourceStep, Cast<ushort>(target), targetStep, count);
                break;
            case 4:
                CopyStrided(Cast<uint>(source), sourceStep, Cast<uint>(target), targetStep, count);
                break;
            default:
                CopyStrided(Cast<ulong>(source), sourceStep, Cast<ulong>(target), targetStep, count);
                break;
        }
    }

    /// <summary>
    /// All values as floats (64-bit values are rounded; beyond float's range they become infinite).
    /// </summary>
    public float[] ToFloats()
    {
        float[] result = new float[Count];
        ToFloats(0, result);
        return result;
    }

    /// <summary>Some values as floats.</summary>
    /// <param name="result">Receives as many as fit.</param>
    public void ToFloats(int first, Span<float> result)
    {
        switch (Kind)
        {
            case SampleKind.UInt8: Convert<byte, float>(result, first); break;
            case SampleKind.Int8: Convert<sbyte, float>(result, first); break;
            case SampleKind.UInt16: Convert<ushort, float>(result, first); break;
            case SampleKind.Int16: Convert<short, float>(result, first); break;
            case SampleKind.UInt32: Convert<uint, float>(result, first); break;
            case SampleKind.Int32: Convert<int, float>(result, first); break;
            case SampleKind.UInt64: Convert<ulong, float>(result, first); break;
            case SampleKind.Int64: Convert<long, float>(result, first); break;
            case SampleKind.Float16: Convert<Half, float>(result, first); break;
            case SampleKind.Float32: Convert<float, float>(result, first); break;
            default: Convert<double, float>(result, first); break;
        }
    }

    /// <summary>All values as doubles (only 64-bit integers are rounded).</summary>
    public double[] ToDoubles()
    {
        double[] result = new double[Count];
        switch (Kind)
        {
            case SampleKind.UInt64: Convert<ulong, double>(result); break;
            case SampleKind.Int64: Convert<long, double>(result); break;
            case SampleKind.UInt32: Convert<uint, double>(result); break;
            case SampleKind.Int32: Convert<int, double>(result); break;
            case SampleKind.Float64: Convert<double, double>(result); break;
            default:
                float[] floats = ToFloats();
                for (int i = 0; i < result.Length; i++)
                {
                    result[i] = floats[i];
                }

                break;
        }

        return result;
    }

    /// <summary>All values as non-negative integers.</summary>
    /// <param name="result">The integers, or what was read up to the first bad value.</param>
    /// <returns>
    /// The index of the first value that is negative, fractional or too large; -1 if none is.
    /// </returns>
    public int TryToLabels(out int[] result)
    {
        result = new int[Count];
        return Kind switch
        {
            SampleKind.UInt8 => Labels<byte>(result),
            SampleKind.Int8 => Labels<sbyte>(result),
            SampleKind.UInt16 => Labels<ushort>(result),
            SampleKind.Int16 => Labels<short>(result),
            SampleKind.UInt32 => Labels<uint>(result),
            SampleKind.Int32 => Labels<int>(result),
            SampleKind.UInt64 => Labels<ulong>(result),
            SampleKind.Int64 => Labels<long>(result),
            SampleKind.Float16 => Labels<Half>(result),
            SampleKind.Float32 => Labels<float>(result),
            _ => Labels<double>(result),
        };
    }

    private static ReadOnlySpan<T> Cast<T>(ReadOnlySpan<byte> bytes)
        where T : struct => MemoryMarshal.Cast<byte, T>(bytes);

    private static Span<T> Cast<T>(Span<byte> bytes)
        where T : struct => MemoryMarshal.Cast<byte, T>(bytes);

    private static void CopyStrided<T>(
        ReadOnlySpan<T> source, int sourceStep, Span<T> target, int targetStep, int count)
    {
        for (int i = 0, s = 0, t = 0; i < count; i++, s += sourceStep, t += targetStep)
        {
            target[t] = source[s];
        }
    }

    private void Convert<TFrom, TTo>(Span<TTo> target, int first = 0)
        where TFrom : struct, INumberBase<TFrom>
        where TTo : struct, INumberBase<TTo>
    {
        ReadOnlySpan<TFrom> source = MemoryMarshal.Cast<byte, TFrom>(Bytes.AsSpan()).Slice(first, target.Length);
        for (int i = 0; i < source.Length; i++)
        {
            target[i] = TTo.CreateTruncating(source[i]);
        }
    }

    private int Labels<T>(Span<int> target)
        where T : struct, INumber<T>
    {
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(Bytes.AsSpan());
        for (int i = 0; i < source.Length; i++)
        {
            T value = source[i];
            if (!T.IsInteger(value) || value < T.Zero || double.CreateTruncating(value) > int.MaxValue)
            {
                return i;
            }

            target[i] = int.CreateTruncating(value);
        }

        return -1;
    }
}
