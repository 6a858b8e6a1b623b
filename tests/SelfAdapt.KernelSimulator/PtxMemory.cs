using System.Runtime.CompilerServices;

namespace SelfAdapt.KernelSimulator;

/// <summary>The address space of a PTX launch: each memory has a range of its own, far from the others.</summary>
internal sealed class PtxMemory
{
    private const int RangeBits = 36;

    private readonly List<(SimulatedMemory Memory, string Space)> _memories = [];

    /// <summary>Gives a memory an address.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="space">What PTX calls its kind: param, shared or global.</param>
    public ulong Add(SimulatedMemory memory, string space)
    {
        _memories.Add((memory, space));
        return (ulong)_memories.Count << RangeBits;
    }

    /// <summary>A value in memory.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="address">Its address, a multiple of <paramref name="alignment"/>.</param>
    /// <param name="space">The kind of memory that the instruction names; null: none.</param>
    /// <param name="alignment">Bytes of the whole access.</param>
    /// <param name="thread">Who asks.</param>
    public ref T At<T>(ulong address, string? space, int alignment, PtxThread thread)
        where T : unmanaged
    {
        int index = (int)(address >> RangeBits) - 1;
        long offset = (long)(address & ((1UL << RangeBits) - 1));
        if (index < 0 || index >= _memories.Count || offset + Unsafe.SizeOf<T>() > _memories[index].Memory.Length
            || offset % alignment != 0)
        {
            throw thread.Fault($"address {address:x} is outside every memory or not aligned to {alignment}");
        }

        if (space is not null && space != _memories[index].Space)
        {
            throw thread.Fault($"it takes {_memories[index].Space} memory for {space} memory");
        }

        return ref _memories[index].Memory.Values<T>(offset, 1)[0];
    }
}
