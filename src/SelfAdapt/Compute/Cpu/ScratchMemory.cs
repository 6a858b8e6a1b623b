using System;
using System.Runtime.InteropServices;

namespace SelfAdapt.Compute.Cpu;

/// <summary>Working memory that is kept between uses and grows as needed.</summary>
internal sealed unsafe class ScratchMemory
{
    private float* _data;
    private long _floats;

    ~ScratchMemory() => NativeMemory.AlignedFree(_data);

    /// <summary>At least so many floats, on a cache line's boundary; what earlier uses left is lost.</summary>
    /// <exception cref="SelfAdaptException"><see cref="ExitCode.OutOfMemory"/>: there is no such memory.</exception>
    public float* Take(long floats)
    {
        if (floats <= _floats)
        {
            return _data;
        }

        NativeMemory.AlignedFree(_data);
        _data = null;
        _floats = 0;
        try
        {
            _data = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
        }
        catch (OutOfMemoryException e)
        {
            throw new SelfAdaptException(
                ExitCode.OutOfMemory,
                $"No memory for {floats * sizeof(float) >> 20} MiB of working space. Take a smaller --batch-size or "
                + "--crop.", e);
        }

        _floats = floats;
        return _data;
    }
}
