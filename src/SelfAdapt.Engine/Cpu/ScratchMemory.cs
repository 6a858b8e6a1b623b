namespace SelfAdapt.Engine.Cpu;

/// <summary>Working memory that is kept between uses and grows as needed.</summary>
internal sealed unsafe class ScratchMemory : IDisposable
{
    private CpuMemory? _memory;

    /// <summary>At least so many floats, on a cache line's boundary; what earlier uses left is lost.</summary>
    public float* Take(long floats)
    {
        long bytes = floats * sizeof(float);
        if (_memory is null || _memory.Bytes < bytes)
        {
            Dispose();
            _memory = new CpuMemory(bytes, "working space");
        }

        return (float*)_memory.Data;
    }

    public void Dispose()
    {
        _memory?.Dispose();
        _memory = null;
    }
}
