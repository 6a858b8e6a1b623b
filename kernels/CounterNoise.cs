using System.Runtime.CompilerServices;

namespace SelfAdapt.Kernels;

/// <summary>
/// The library's counter-based random numbers on the device: Philox4x32-10 (Salmon et al., SC 2011), the same integers
/// as SelfAdapt.Engine.CounterRandom and the same Box-Muller normal, so the same noise as on the host.
/// </summary>
internal static class CounterNoise
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;
    private const int Rounds = 10;

    /// <summary>The standard normal number of a key at a counter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Normal(uint keyLow, uint keyHigh, uint counter)
    {
        uint c0 = counter;
        uint c1 = 0;
        uint c2 = 0;
        uint c3 = 0;
        for (int round = 0; round < Rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0;
            ulong p1 = (ulong)Multiplier1 * c2;
            uint next0 = (uint)(p1 >> 32) ^ c1 ^ keyLow;
            uint next2 = (uint)(p0 >> 32) ^ c3 ^ keyHigh;
            c0 = next0;
            c1 = (uint)p1;
            c2 = next2;
            c3 = (uint)p0;
            keyLow += Weyl0;
            keyHigh += Weyl1;
        }

        const double Scale = 1.0 / (1 << 24);
        double u = ((c0 >> 8) + 1) * Scale;
        double v = (c1 >> 8) * Scale;
        return Math.Sqrt(-2 * Functions.Log(u)) * Functions.CosTurn(v);
    }
}
