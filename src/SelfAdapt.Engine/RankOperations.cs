using System.Runtime.InteropServices;

namespace SelfAdapt.Engine;

/// <summary>What ranks do together; results are the same bits on all of them, whatever library carries the bytes.</summary>
internal static class RankOperations
{
    /// <summary>Everyone's values in the order of the ranks.</summary>
    /// <param name="own">As many as this rank has.</param>
    public static T[] GatherAll<T>(this IRanks ranks, ReadOnlySpan<T> own)
        where T : unmanaged
    {
        int[] lengths = new int[ranks.Count];
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(own);
        ranks.Gather(
            MemoryMarshal.AsBytes((ReadOnlySpan<int>)[bytes.Length]), MemoryMarshal.AsBytes(lengths.AsSpan()),
            [.. lengths.Select(_ => sizeof(int))]);
        byte[] all = new byte[lengths.Sum()];
        ranks.Gather(bytes, all, lengths);
        return MemoryMarshal.Cast<byte, T>(all).ToArray();
    }

    /// <summary>Divides work over the ranks and brings what comes of it to all, in the order of the items.</summary>
    /// <exception cref="SelfAdaptException">Numerics: the work on an item, on whatever rank, ended so.</exception>
    public static T[] Divide<TItem, T>(this IRanks ranks, IReadOnlyList<TItem> items, Func<TItem, T[]> work)
        where T : unmanaged
    {
        int[] counts = BatchShare.Divide(items.Count, ranks.Count);
        T[] own = [];
        SelfAdaptException? failure = null;
        try
        {
            own = [.. items.Skip(counts[..ranks.Index].Sum()).Take(counts[ranks.Index]).SelectMany(work)];
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.Numerics && ranks.Count > 1)
        {
            // The others wait for what is missing: they hear of it first.
            failure = e;
        }

        return ranks.Any(failure is not null)
            ? throw failure ?? new SelfAdaptException(ErrorKind.Numerics, "A network gave a value that is not a number.")
            : ranks.GatherAll<T>(own);
    }

    /// <summary>Whether it is so for any of the ranks.</summary>
    public static bool Any(this IRanks ranks, bool own) => ranks.Count == 1 ? own : ranks.GatherAll([own]).Contains(true);

    /// <summary>
    /// What the first rank has: for all that is decided by the clock, or by numbers whose last digits another processor may
    /// compute otherwise.
    /// </summary>
    public static T OfFirst<T>(this IRanks ranks, T own)
        where T : unmanaged => ranks.Count == 1 ? own : ranks.GatherAll([own])[0];

    /// <summary>
    /// Adds up everyone's values in double and in the order of the ranks. Each rank adds up a part and hands it round: twice
    /// the values' bytes go out of and into each, however many there are.
    /// </summary>
    public static void Sum(this IRanks ranks, Span<float> values)
    {
        if (ranks.Count == 1)
        {
            return;
        }

        int[] lengths = [.. BatchShare.Divide(values.Length, ranks.Count).Select(l => l * sizeof(float))];
        int own = lengths[ranks.Index] / sizeof(float);
        float[] received = new float[own * ranks.Count];
        ranks.Exchange(MemoryMarshal.AsBytes(values), lengths, MemoryMarshal.AsBytes(received.AsSpan()));
        float[] summed = new float[own];
        for (int i = 0; i < own; i++)
        {
            double sum = 0;
            for (int at = i; at < received.Length; at += own)
            {
                sum += received[at];
            }

            summed[i] = (float)sum;
        }

        ranks.Gather(MemoryMarshal.AsBytes(summed.AsSpan()), MemoryMarshal.AsBytes(values), lengths);
    }
}
