using System;
using System.Runtime.InteropServices;

namespace SelfAdapt.Compute.Cpu;

/// <summary>A zeroed block of memory outside the collector's heap, on a cache line's boundary.</summary>
internal sealed unsafe class CpuMemory : IDisposable
{
    private byte* _data;

    /// <summary>Takes it.</summary>
    /// <param name="bytes">Its size.</param>
    /// <exception cref="SelfAdaptException"><see cref="ExitCode.OutOfMemory"/>: there is no such memory.</exception>
    public CpuMemory(long bytes)
    {
        Bytes = bytes;
        try
        {
            _data = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        }
        catch (OutOfMemoryException e)
        {
            throw new SelfAdaptException(
                ExitCode.OutOfMemory,
                $"No memory for {bytes >> 20} MiB of activations. Take a smaller --batch-size or --crop.", e);
        }

        NativeMemory.Clear(_data, (nuint)bytes);
        GC.AddMemoryPressure(Math.Max(1, bytes));
    }

    ~CpuMemory() => Free();

    /// <summary>Its size.</summary>
    public long Bytes { get; }

    /// <summary>Its first byte.</summary>
    public byte* Data => _data;

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_data != null)
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
            GC.RemoveMemoryPressure(Math.Max(1, Bytes));
        }
    }
}
