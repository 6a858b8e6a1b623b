namespace SelfAdapt.Files.Grids;

/// <summary>An array of numbers with any axes, read in boxes.</summary>
internal interface INumberGrid : IDisposable
{
    IReadOnlyList<long> Shape { get; }

    /// <summary>Sizes of the boxes that are stored as a whole.</summary>
    IReadOnlyList<long> Chunk { get; }

    SampleKind Kind { get; }

    /// <summary>Reads a box.</summary>
    /// <param name="start">Its first value.</param>
    /// <param name="count">Its sizes; it lies within the array.</param>
    /// <param name="target">Receives the values in C order and the machine's byte order; zeros before.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: they are damaged, or compressed in a way that is not read.</exception>
    void Read(ReadOnlySpan<long> start, ReadOnlySpan<int> count, byte[] target);
}
