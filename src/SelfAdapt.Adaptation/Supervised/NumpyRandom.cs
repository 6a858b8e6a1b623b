using System.Numerics;

namespace SelfAdapt.Adaptation.Supervised;

/// <summary>
/// NumPy's legacy generator (MT19937), so that batches can be compared with those of Cellpose's own trainer
/// draw by draw (docs/cellpose.md 8.7).
/// </summary>
internal sealed class NumpyRandom
{
    private const int StateLength = 624;
    private const int Offset = 397;
    private const uint UpperBit = 0x8000_0000;
    private const uint LowerBits = 0x7FFF_FFFF;
    private const uint Twist = 0x9908_B0DF;

    private readonly uint[] _state = new uint[StateLength];
    private int _next;

    /// <summary>As <c>numpy.random.seed(seed)</c>.</summary>
    public NumpyRandom(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < StateLength; i++)
        {
            uint previous = _state[i - 1];
            _state[i] = (1812433253 * (previous ^ (previous >> 30))) + i;
        }

        _next = StateLength;
    }

    /// <summary>As <c>rand()</c>: uniform in [0, 1), 53 bits.</summary>
    public double NextDouble()
    {
        uint high = NextUInt32() >> 5;
        uint low = NextUInt32() >> 6;
        return ((high * 67108864.0) + low) / 9007199254740992.0;
    }

    /// <summary>As <c>permutation(count)</c>: the numbers 0..count-1 in random order.</summary>
    public int[] Permutation(int count)
    {
        int[] order = new int[count];
        for (int i = 0; i < count; i++)
        {
            order[i] = i;
        }

        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)UpTo((uint)i);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>Uniform in 0..max: draws are cut to the bits that max needs and repeated while above it.</summary>
    private uint UpTo(uint max)
    {
        uint mask = uint.MaxValue >> BitOperations.LeadingZeroCount(max);
        uint value;
        do
        {
            value = NextUInt32() & mask;
        }
        while (value > max);

        return value;
    }

    private uint NextUInt32()
    {
        if (_next == StateLength)
        {
            Regenerate();
        }

        uint value = _state[_next++];
        value ^= value >> 11;
        value ^= (value << 7) & 0x9D2C_5680;
        value ^= (value << 15) & 0xEFC6_0000;
        return value ^ (value >> 18);
    }

    private void Regenerate()
    {
        for (int i = 0; i < StateLength; i++)
        {
            uint mixed = (_state[i] & UpperBit) | (_state[(i + 1) % StateLength] & LowerBits);
            _state[i] = _state[(i + Offset) % StateLength] ^ (mixed >> 1) ^ ((mixed & 1) * Twist);
        }

        _next = 0;
    }
}
