using System.Runtime.InteropServices;

namespace SelfAdapt.Engine;

/// <summary>
/// How a batch's samples are divided over ranks: neighbouring ones to each, so that the order of the ranks is that of the
/// samples, and what is added up sample by sample has the bits of one process.
/// </summary>
internal sealed class BatchShare
{
    private readonly IRanks _ranks;
    private readonly int[] _samples;

    /// <param name="total">Samples of the whole batch, at least one for every rank.</param>
    public BatchShare(IRanks ranks, int total)
    {
        (_ranks, Total) = (ranks, total);
        _samples = Divide(total, ranks.Count);
        First = _samples[..ranks.Index].Sum();
    }

    /// <summary>Samples of the whole batch.</summary>
    public int Total { get; }

    /// <summary>This rank's samples.</summary>
    public int Own => _samples[_ranks.Index];

    /// <summary>Samples of each rank.</summary>
    public IReadOnlyList<int> Samples => _samples;

    /// <summary>The number of this rank's first sample in the whole batch.</summary>
    public int First { get; }

    public bool IsWhole => _ranks.Count == 1;

    /// <summary>Whether this rank has the batch's first sample.</summary>
    public bool IsFirst => _ranks.Index == 0;

    /// <summary>As equal parts as can be, the larger ones first.</summary>
    public static int[] Divide(int total, int parts) =>
        [.. Enumerable.Range(0, parts).Select(p => (total / parts) + (p < total % parts ? 1 : 0))];

    /// <summary>Everyone's values, as many for each sample, in the order of the samples.</summary>
    public void Gather<T>(ReadOnlySpan<T> own, Span<T> all)
        where T : unmanaged
    {
        int each = MemoryMarshal.AsBytes(own).Length / Own;
        _ranks.Gather(MemoryMarshal.AsBytes(own), MemoryMarshal.AsBytes(all), [.. _samples.Select(s => s * each)]);
    }

    /// <summary>The first rank's values, of which everyone has as many.</summary>
    public T[] OfFirst<T>(ReadOnlySpan<T> own)
        where T : unmanaged
    {
        T[] values = own.ToArray();
        Span<byte> bytes = MemoryMarshal.AsBytes(values.AsSpan());
        _ranks.Gather(IsFirst ? bytes : [], bytes, [bytes.Length, .. new int[_ranks.Count - 1]]);
        return values;
    }

    /// <summary>Everyone's values, as many of each rank, in the order of the ranks.</summary>
    public T[] GatherOfRanks<T>(ReadOnlySpan<T> own)
        where T : unmanaged
    {
        T[] all = new T[own.Length * _ranks.Count];
        int each = MemoryMarshal.AsBytes(own).Length;
        _ranks.Gather(MemoryMarshal.AsBytes(own), MemoryMarshal.AsBytes(all.AsSpan()), [.. _samples.Select(_ => each)]);
        return all;
    }
}
