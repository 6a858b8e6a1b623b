using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace SelfAdapt.Gpu;

/// <summary>
/// One argument of a kernel, as a launch of the driver takes it: of a view address and length, else the value's bytes.
/// </summary>
internal readonly struct KernelArgument
{
    public const int MostBytes = 8 * sizeof(ulong);

    private readonly MemoryBuffer? _memory;
    private readonly long _first;
    private readonly Bits _bits;

    private KernelArgument(MemoryBuffer? memory, long first, Bits bits) =>
        (_memory, _first, _bits) = (memory, first, bits);

    public bool IsView => _memory is not null;

    public MemoryBuffer Memory => _memory!;

    /// <summary>Of a view the index of its first value in its memory.</summary>
    public long First => _first;

    public long Length => (long)_bits[1];

    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)_bits);

    /// <typeparam name="T">A view of four-byte values, or a value of at most <see cref="MostBytes"/> bytes.</typeparam>
    public static KernelArgument Of<T>(T value)
    {
        if (typeof(T) == typeof(ArrayView<float>))
        {
            return OfView(Unsafe.As<T, ArrayView<float>>(ref value));
        }

        if (typeof(T) == typeof(ArrayView<int>))
        {
            return OfView(Unsafe.As<T, ArrayView<int>>(ref value).Cast<float>());
        }

        if (typeof(T) == typeof(ArrayView<uint>))
        {
            return OfView(Unsafe.As<T, ArrayView<uint>>(ref value).Cast<float>());
        }

        if (RuntimeHelpers.IsReferenceOrContainsReferences<T>() || Unsafe.SizeOf<T>() > MostBytes)
        {
            throw new NotSupportedException($"A kernel has no parameter of the type {typeof(T)}.");
        }

        Bits bits = default;
        Unsafe.As<Bits, T>(ref bits) = value;
        return new(null, 0, bits);
    }

    /// <summary>The arguments as the kernel's method takes them.</summary>
    public static object[] Boxed(MethodInfo kernel, ReadOnlySpan<KernelArgument> arguments)
    {
        ParameterInfo[] parameters = kernel.GetParameters();
        object[] values = new object[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = arguments[i].Boxed(parameters[i].ParameterType);
        }

        return values;
    }

    private object Boxed(Type type)
    {
        if (type == typeof(ArrayView<float>))
        {
            return Memory.AsArrayView<float>(First, Length);
        }

        if (type == typeof(ArrayView<int>))
        {
            return Memory.AsArrayView<int>(First, Length);
        }

        return type == typeof(ArrayView<uint>) ? Memory.AsArrayView<uint>(First, Length) : Value(type);
    }

    public unsafe object Value(Type type)
    {
        fixed (byte* bytes = Bytes)
        {
            return type.IsEnum
                ? Enum.ToObject(type, *(int*)bytes)
                : Marshal.PtrToStructure((nint)bytes, type)!;
        }
    }

    private static KernelArgument OfView(ArrayView<float> view)
    {
        Bits bits = default;
        bits[0] = (ulong)view.LoadEffectiveAddressAsPtr();
        bits[1] = (ulong)view.Length;
        return new(BufferOf(view), IndexOf(view), bits);
    }

    private static MemoryBuffer BufferOf<TView>(TView view)
        where TView : struct, IContiguousArrayView => view.Buffer;

    private static long IndexOf<TView>(TView view)
        where TView : struct, IContiguousArrayView => view.Index;

    [InlineArray(MostBytes / sizeof(ulong))]
    private struct Bits
    {
        private ulong _first;
    }
}
