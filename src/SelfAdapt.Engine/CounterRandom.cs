namespace SelfAdapt.Engine;

/// <summary>
/// Random numbers as a pure function of (key, counter): Philox4x32-10 (Salmon et al., "Parallel random
/// numbers: as easy as 1, 2, 3", SC 2011). Any thread or GPU lane can compute the number at its own index, so
/// that results do not depend on how work is divided.
/// </summary>
internal static class CounterRandom
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>64 random bits: the block's words 0 (low half) and 1 (high half).</summary>
    public static ulong UInt64(ulong key, ulong counter)
    {
        (uint w0, uint w1, _, _) = Block(key, counter, 0);
        return ((ulong)w1 << 32) | w0;
    }

    /// <summary>A number from [0, 1): the upper 53 of the 64 bits.</summary>
    public static double Uniform(ulong key, ulong counter) => ToUniform(UInt64(key, counter));

    /// <summary>
    /// A number from the standard normal distribution (Box-Muller's cosine branch), from the upper 24 bits of
    /// words 0 and 1: u = (w0 / 256 + 1) / 2^24, v = (w1 / 256) / 2^24, both exact in single precision;
    /// sqrt(-2 ln u) cos(2 pi v). Its magnitude is at most 5.77.
    /// </summary>
    public static double Normal(ulong key, ulong counter)
    {
        (uint w0, uint w1, _, _) = Block(key, counter, 0);
        return ToNormal(w0, w1);
    }

    /// <summary>The four words of one block.</summary>
    /// <param name="low">Counter words 0 and 1.</param>
    /// <param name="high">Counter words 2 and 3; 0 for everything but <see cref="RandomStream"/>'s names.</param>
    internal static (uint W0, uint W1, uint W2, uint W3) Block(ulong key, ulong low, ulong high)
    {
        uint k0 = (uint)key;
        uint k1 = (uint)(key >> 32);
        uint c0 = (uint)low;
        uint c1 = (uint)(low >> 32);
        uint c2 = (uint)high;
        uint c3 = (uint)(high >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }

    /// <summary>[0, 1) from 64 bits.</summary>
    internal static double ToUniform(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    private static double ToNormal(uint w0, uint w1)
    {
        const double Scale = 1.0 / (1 << 24);
        double u = ((w0 >> 8) + 1) * Scale;
        double v = (w1 >> 8) * Scale;
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v);
    }
}
