using System;
using ILGPU;
using ILGPU.Runtime;

namespace SelfAdapt.Gpu;

/// <summary>A zeroed block of a device's memory, in words of four bytes.</summary>
/// <param name="device">The device.</param>
/// <param name="words">Its size.</param>
internal sealed class GpuMemory(IGpuDevice device, long words) : IDisposable
{
    private readonly MemoryBuffer _buffer = device.Allocate(Math.Max(1, words));
    private bool _freed;

    /// <summary>Its size.</summary>
    public long Words => words;

    /// <summary>A part of it.</summary>
    /// <param name="first">First word.</param>
    /// <param name="count">Number of words.</param>
    public ArrayView<float> View(long first, long count) => _buffer.AsArrayView<float>(first, count);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_freed)
        {
            _freed = true;
            device.Free(_buffer);
        }
    }
}
