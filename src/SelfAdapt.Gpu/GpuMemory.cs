using ILGPU;
using ILGPU.Runtime;

namespace SelfAdapt.Gpu;

/// <summary>A zeroed block of a device's memory, in words of four bytes.</summary>
internal sealed class GpuMemory(IGpuDevice device, long words) : IDisposable
{
    private readonly MemoryBuffer _buffer = device.Allocate(Math.Max(1, words));
    private bool _freed;

    public long Words => words;

    public ArrayView<float> View(long first, long count) => _buffer.AsArrayView<float>(first, count);

    public void Dispose()
    {
        if (!_freed)
        {
            _freed = true;
            device.Free(_buffer);
        }
    }
}
