using System.Runtime.InteropServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>A zeroed block of memory outside the collector's heap, on a cache line's boundary.</summary>
internal sealed unsafe class CpuMemory : IDisposable
{
    private byte* _data;

    public CpuMemory(long bytes, string what)
    {
        Bytes = bytes;
        _data = NativeBlock.Take(bytes, what);
        NativeMemory.Clear(_data, (nuint)bytes);
        GC.AddMemoryPressure(Math.Max(1, bytes));
    }

    ~CpuMemory() => Free();

    public long Bytes { get; }

    public byte* Data => _data;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_data != null)
        {
            NativeBlock.Free(_data);
            _data = null;
            GC.RemoveMemoryPressure(Math.Max(1, Bytes));
        }
    }
}
