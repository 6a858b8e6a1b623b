namespace SelfAdapt.Engine;

/// <summary>
/// Random numbers one after the other, from <see cref="CounterRandom"/>. The state is two numbers, key and position, so
/// a run can be saved and taken up again; named sub-streams keep one use of random numbers from shifting another's.
/// </summary>
internal sealed class RandomStream
{
    public RandomStream(ulong seed)
        : this(seed, 0)
    {
    }

    /// <summary>Takes a saved stream up again.</summary>
    public RandomStream(ulong key, ulong position) => (Key, Position) = (key, position);

    /// <summary>Which stream it is; never changes.</summary>
    public ulong Key { get; }

    /// <summary>How many numbers were drawn.</summary>
    public ulong Position { get; set; }

    /// <summary>A stream of its own for one purpose, from its start; the same whatever was drawn here.</summary>
    public RandomStream Substream(string name)
    {
        // FNV-1a over the UTF-16 code units; the counter's upper half keeps names apart from ordinary
        // positions.
        ulong hash = 0xCBF29CE484222325;
        foreach (char unit in name)
        {
            hash = unchecked((hash ^ unit) * 0x100000001B3);
        }

        (uint w0, uint w1, _, _) = CounterRandom.Block(Key, hash, 1);
        return new RandomStream(((ulong)w1 << 32) | w0);
    }

    /// <summary>The same stream further on; this one stays where it is.</summary>
    public RandomStream Ahead(int numbers) => new(Key, Position + (ulong)numbers);

    public void Skip(int numbers) => Position += (ulong)numbers;

    public ulong NextUInt64() => CounterRandom.UInt64(Key, Position++);

    /// <summary>A number from [0, 1).</summary>
    public double NextUniform() => CounterRandom.Uniform(Key, Position++);

    /// <summary>A number from [<paramref name="low"/>, <paramref name="high"/>).</summary>
    /// <param name="high">Upper end, at least <paramref name="low"/>.</param>
    public double NextUniform(double low, double high) => low + ((high - low) * NextUniform());

    /// <summary>A whole number from 0 to <paramref name="count"/> - 1.</summary>
    public int NextIndex(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)Math.BigMul(NextUInt64(), (ulong)count, out _);
    }

    public bool NextBool(double probability) => NextUniform() < probability;
}
