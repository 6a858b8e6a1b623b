using System.Runtime.CompilerServices;
using SelfAdapt.KernelSimulator;

namespace ILGPU;

/// <summary>A run of values in device memory.</summary>
/// <typeparam name="T">Their type.</typeparam>
public readonly struct ArrayView<T>
    where T : unmanaged
{
    private readonly SimulatedMemory _memory;

    /// <summary>Makes a view.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="byteOffset">Where it starts, a multiple of the value's size up to 16.</param>
    /// <param name="length">Number of values.</param>
    public ArrayView(SimulatedMemory memory, long byteOffset, long length)
    {
        (_memory, ByteOffset, Length) = (memory, byteOffset, length);
        int alignment = Unsafe.SizeOf<T>() % 16 == 0 ? 16 : Unsafe.SizeOf<T>();
        if (byteOffset < 0 || length < 0 || byteOffset + (length * Unsafe.SizeOf<T>()) > memory.Length)
        {
            throw new SimulationException(
                $"A view of {length} {typeof(T).Name} from byte {byteOffset} leaves its {memory.Length} bytes.");
        }

        if (byteOffset % alignment != 0)
        {
            throw new SimulationException(
                $"A view of {typeof(T).Name} starts at byte {byteOffset}, no multiple of {alignment}.");
        }
    }

    /// <summary>Number of values.</summary>
    public long Length { get; }

    /// <summary>Where it starts in its memory.</summary>
    internal long ByteOffset { get; }

    /// <summary>Number of values.</summary>
    public int IntLength => (int)Length;

    /// <summary>A value.</summary>
    /// <param name="index">Its index.</param>
    public ref T this[int index] => ref this[(long)index];

    /// <summary>A value.</summary>
    /// <param name="index">Its index.</param>
    public ref T this[long index]
    {
        get
        {
            if ((ulong)index >= (ulong)Length)
            {
                string what = $"index {index} is outside a view of {Length} {typeof(T).Name}";
                throw DeviceThread.IsInside
                    ? DeviceThread.Current.Group.Fault(DeviceThread.Current.Linear, what)
                    : new SimulationException(what);
            }

            return ref _memory.At<T>(ByteOffset + (index * Unsafe.SizeOf<T>()));
        }
    }

    /// <summary>A part of it.</summary>
    /// <param name="index">First value.</param>
    /// <param name="length">Number of values.</param>
    public ArrayView<T> SubView(long index, long length) =>
        index >= 0 && length >= 0 && index + length <= Length
            ? new(_memory, ByteOffset + (index * Unsafe.SizeOf<T>()), length)
            : throw new SimulationException($"A part {index} + {length} leaves a view of {Length}.");

    /// <summary>The same bytes as values of another type; what does not fill a value is left out.</summary>
    /// <typeparam name="TOther">The type.</typeparam>
    public ArrayView<TOther> Cast<TOther>()
        where TOther : unmanaged =>
        new(_memory, ByteOffset, Length * Unsafe.SizeOf<T>() / Unsafe.SizeOf<TOther>());
}
