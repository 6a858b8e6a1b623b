using System.Buffers.Binary;
using SelfAdapt.Engine;

namespace SelfAdapt.Fuzz;

/// <summary>Changes bytes without knowing what they mean.</summary>
internal static class ByteMutator
{
    private const int MostBytes = 1 << 20;

    private static readonly ulong[] Limits =
    [
        0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
        0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
    ];

    /// <summary>One to four changes.</summary>
    /// <param name="seed">A file; not changed.</param>
    /// <param name="other">Another file of the same kind, to splice with.</param>
    /// <param name="random">Decides.</param>
    public static byte[] Mutate(byte[] seed, byte[] other, RandomStream random)
    {
        byte[] bytes = [.. seed];
        for (int changes = 1 + random.NextIndex(4); changes > 0 && bytes.Length is > 0 and < MostBytes; changes--)
        {
            bytes = Change(bytes, other, random);
        }

        return bytes;
    }

    /// <summary>A number at or beside the limits of its type, or any.</summary>
    /// <param name="random">Decides.</param>
    public static ulong Extreme(RandomStream random) => random.NextIndex(4) switch
    {
        0 => random.NextUInt64() >> random.NextIndex(64),
        1 => Limits[random.NextIndex(Limits.Length)] + (ulong)random.NextIndex(3) - 1,
        _ => Limits[random.NextIndex(Limits.Length)],
    };

    private static byte[] Change(byte[] bytes, byte[] other, RandomStream random)
    {
        int at = random.NextIndex(bytes.Length);
        int length = 1 + random.NextIndex(Math.Min(bytes.Length - at, 1 << random.NextIndex(12)));
        switch (random.NextIndex(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.NextIndex(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.NextUInt64();
                return bytes;
            case 2:
            case 3:
                SetNumber(bytes, at, random);
                return bytes;
            case 4:
                return bytes[..at];
            case 5:
                return [.. bytes.AsSpan(0, at), .. bytes.AsSpan(at + length)];
            case 6:
                return [.. bytes.AsSpan(0, at + length), .. bytes.AsSpan(at)];
            case 7:
                int to = random.NextIndex(bytes.Length - length + 1);
                bytes.AsSpan(at, length).CopyTo(bytes.AsSpan(to));
                return bytes;
            default:
                int from = other.Length == 0 ? 0 : random.NextIndex(other.Length);
                return [.. bytes.AsSpan(0, at), .. other.AsSpan(from)];
        }
    }

    /// <summary>Writes a number of one to eight bytes, in either order.</summary>
    private static void SetNumber(byte[] bytes, int at, RandomStream random)
    {
        Span<byte> number = stackalloc byte[8];
        int width = 1 << random.NextIndex(4);
        ulong value = Extreme(random);
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        if (random.NextBool(0.5))
        {
            number[..width].Reverse();
        }

        width = Math.Min(width, bytes.Length - at);
        number[..width].CopyTo(bytes.AsSpan(at));
    }
}

/// <summary>A format's own way to change a file; null where the file does not look like one.</summary>
/// <param name="seed">A file; not changed.</param>
/// <param name="other">Another of the same kind.</param>
/// <param name="random">Decides.</param>
internal delegate byte[]? StructuredMutator(byte[] seed, byte[] other, RandomStream random);

/// <summary>What is fuzzed: a reader with files it accepts.</summary>
/// <param name="Name">As --reader takes it.</param>
/// <param name="Seeds">Files as our own writers make them, and such as they should refuse.</param>
/// <param name="Structured">The format's own mutator; null: bytes only.</param>
/// <param name="Read">Reads one; throws SelfAdaptException where it refuses.</param>
internal sealed record FuzzTarget(
    string Name, IReadOnlyList<byte[]> Seeds, StructuredMutator? Structured, Action<byte[]> Read)
{
    /// <summary>Files made to do harm: read as they are, and not a base for mutants, which they would make slow.</summary>
    public IReadOnlyList<byte[]> Harmful { get; init; } = [];

    /// <summary>Mutant number <paramref name="index"/> of a seed; the same whatever was made before.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="index">Which mutant; the first ones are the files themselves.</param>
    public byte[] Mutant(ulong seed, int index)
    {
        if (index < Seeds.Count)
        {
            return Seeds[index];
        }

        if (index < Seeds.Count + Harmful.Count)
        {
            return Harmful[index - Seeds.Count];
        }

        RandomStream random = new RandomStream(seed).Substream(FormattableString.Invariant($"{Name} {index}"));
        byte[] chosen = Seeds[random.NextIndex(Seeds.Count)];
        byte[] other = Seeds[random.NextIndex(Seeds.Count)];
        byte[]? structured = Structured is not null && random.NextBool(0.6)
            ? Structured(chosen, other, random)
            : null;
        if (structured is not null && random.NextBool(0.7))
        {
            return structured;
        }

        return ByteMutator.Mutate(structured ?? chosen, other, random);
    }
}
