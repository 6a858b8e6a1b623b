namespace SelfAdapt.Engine;

/// <summary>
/// The processes that work on one run together. Each calls the same operations in the same order; bytes are not interpreted on
/// the way, so what is added up is added here, in the ranks' order (<see cref="RankOperations"/>).
/// </summary>
internal interface IRanks
{
    /// <summary>This process's number, from 0.</summary>
    int Index { get; }

    int Count { get; }

    /// <summary>Brings everyone's bytes to everyone.</summary>
    /// <param name="own">As long as the entry of this rank.</param>
    /// <param name="all">Receives everyone's, in the order of the ranks.</param>
    /// <param name="lengths">How many bytes each rank gives.</param>
    void Gather(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<int> lengths);

    /// <summary>Brings each rank its part of everyone's bytes.</summary>
    /// <param name="parts">What this rank has for each, in the order of the ranks.</param>
    /// <param name="lengths">How long each rank's part is.</param>
    /// <param name="received">Receives this rank's part of everyone's, in the order of the ranks.</param>
    void Exchange(ReadOnlySpan<byte> parts, ReadOnlySpan<int> lengths, Span<byte> received);
}

/// <summary>One process by itself.</summary>
internal sealed class SingleRank : IRanks
{
    public static SingleRank Instance { get; } = new();

    public int Index => 0;

    public int Count => 1;

    public void Gather(ReadOnlySpan<byte> own, Span<byte> all, ReadOnlySpan<int> lengths) => own.CopyTo(all);

    public void Exchange(ReadOnlySpan<byte> parts, ReadOnlySpan<int> lengths, Span<byte> received) => parts.CopyTo(received);
}
