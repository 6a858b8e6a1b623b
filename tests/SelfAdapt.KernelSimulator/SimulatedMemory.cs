using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;

namespace SelfAdapt.KernelSimulator;

/// <summary>A block of simulated device memory: plain bytes, viewed as any number type.</summary>
public class SimulatedMemory
{
    private readonly byte[] _bytes;

    /// <summary>Makes a block that starts as quiet NaNs, as nothing may be read before it is written.</summary>
    /// <param name="bytes">Its size.</param>
    public SimulatedMemory(long bytes)
    {
        _bytes = new byte[bytes];
        _bytes.AsSpan().Fill(0xFF);
    }

    /// <summary>Its size in bytes.</summary>
    public long Length => _bytes.LongLength;

    /// <summary>A view of numbers in it.</summary>
    /// <typeparam name="T">The number type.</typeparam>
    /// <param name="byteOffset">Where the view starts, a multiple of the number's size.</param>
    /// <param name="length">Number of values.</param>
    public ArrayView<T> View<T>(long byteOffset, long length)
        where T : unmanaged => new(this, byteOffset, length);

    /// <summary>All bytes, for the host.</summary>
    public Span<byte> Bytes => _bytes;

    /// <summary>The values of a part, for the host.</summary>
    /// <typeparam name="T">The number type.</typeparam>
    /// <param name="byteOffset">Where it starts.</param>
    /// <param name="length">Number of values.</param>
    public Span<T> Values<T>(long byteOffset, int length)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(_bytes.AsSpan((int)byteOffset, length * Unsafe.SizeOf<T>()));

    /// <summary>A value of device code.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="byteOffset">Its place.</param>
    internal ref T At<T>(long byteOffset)
        where T : unmanaged
    {
        OnAccess((int)byteOffset, Unsafe.SizeOf<T>());
        return ref Unsafe.As<byte, T>(ref _bytes[byteOffset]);
    }

    /// <summary>Called before every access by device code.</summary>
    /// <param name="byteOffset">First byte.</param>
    /// <param name="bytes">How many.</param>
    private protected virtual void OnAccess(int byteOffset, int bytes)
    {
    }
}
