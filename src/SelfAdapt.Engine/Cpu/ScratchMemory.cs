namespace SelfAdapt.Engine.Cpu;

/// <summary>Working memory that is kept between uses and grows as needed.</summary>
internal sealed unsafe class ScratchMemory
{
    private float* _data;
    private long _floats;

    ~ScratchMemory() => NativeBlock.Free((byte*)_data);

    /// <summary>At least so many floats, on a cache line's boundary; what earlier uses left is lost.</summary>
    /// <exception cref="SelfAdaptException"><see cref="ExitCode.OutOfMemory"/>: there is no such memory.</exception>
    public float* Take(long floats)
    {
        if (floats <= _floats)
        {
            return _data;
        }

        NativeBlock.Free((byte*)_data);
        _data = null;
        _floats = 0;
        _data = (float*)NativeBlock.Take(floats * sizeof(float), "working space");
        _floats = floats;
        return _data;
    }
}
