using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace SelfAdapt.KernelSimulator;

/// <summary>The address space of a PTX launch: each memory has a range of its own, far from the others.</summary>
internal sealed class PtxMemory
{
    private const int RangeBits = 36;

    private readonly List<SimulatedMemory> _memories = [];

    /// <summary>Gives a memory an address.</summary>
    /// <param name="memory">The memory.</param>
    public ulong Add(SimulatedMemory memory)
    {
        _memories.Add(memory);
        return (ulong)_memories.Count << RangeBits;
    }

    /// <summary>A value in memory.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="address">Its address, a multiple of <paramref name="alignment"/>.</param>
    /// <param name="alignment">Bytes of the whole access.</param>
    /// <param name="thread">Who asks.</param>
    public ref T At<T>(ulong address, int alignment, PtxThread thread)
        where T : unmanaged
    {
        int index = (int)(address >> RangeBits) - 1;
        long offset = (long)(address & ((1UL << RangeBits) - 1));
        if (index < 0 || index >= _memories.Count || offset + Unsafe.SizeOf<T>() > _memories[index].Length
            || offset % alignment != 0)
        {
            throw thread.Fault($"address {address:x} is outside every memory or not aligned to {alignment}");
        }

        return ref _memories[index].Values<T>(offset, 1)[0];
    }
}
