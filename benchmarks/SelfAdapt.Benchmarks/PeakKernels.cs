using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>Loops that do nothing but multiply-add, read, or copy.</summary>
internal static unsafe class PeakKernels
{
    /// <summary>Floats of one step of <see cref="Read"/> and <see cref="Copy"/>.</summary>
    public const int Step = 128;

    // Enough chains to hide a latency of four to five cycles on two units.
    private const int Chains = 12;

    /// <summary>Operations of one iteration of <see cref="MultiplyAdd"/>.</summary>
    public static int FlopsPerIteration =>
        2 * Chains * (Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4);

    /// <summary>Independent chains of multiply-adds on the widest registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float MultiplyAdd(long iterations) =>
        Vector512.IsHardwareAccelerated ? MultiplyAdd<Simd512, Vector512<float>>(iterations)
        : Vector256.IsHardwareAccelerated ? MultiplyAdd<Simd256, Vector256<float>>(iterations)
        : MultiplyAdd<Simd128, Vector128<float>>(iterations);

    /// <summary>Sums a buffer, a multiple of <see cref="Step"/> long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Read(float* from, long length)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        Vector512<float> e = default, f = default, g = default, h = default;
        for (float* end = from + length; from < end; from += Step)
        {
            a += Vector512.Load(from);
            b += Vector512.Load(from + 16);
            c += Vector512.Load(from + 32);
            d += Vector512.Load(from + 48);
            e += Vector512.Load(from + 64);
            f += Vector512.Load(from + 80);
            g += Vector512.Load(from + 96);
            h += Vector512.Load(from + 112);
        }

        return Vector512.Sum(((a + b) + (c + d)) + ((e + f) + (g + h)));
    }

    /// <summary>Copies a buffer, a multiple of <see cref="Step"/> long, with ordinary stores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, float* to, long length)
    {
        for (float* end = from + length; from < end; from += Step, to += Step)
        {
            for (int i = 0; i < Step; i += 64)
            {
                Vector512.Load(from + i).Store(to + i);
                Vector512.Load(from + i + 16).Store(to + i + 16);
                Vector512.Load(from + i + 32).Store(to + i + 32);
                Vector512.Load(from + i + 48).Store(to + i + 48);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd<TSimd, TVector>(long iterations)
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        TVector m = TSimd.All(0.999f), s = TSimd.All(0.001f);
        TVector a = s, b = s, c = s, d = s, e = s, f = s, g = s, h = s, i = s, j = s, k = s, l = s;
        for (long n = 0; n < iterations; n++)
        {
            a = TSimd.MultiplyAdd(a, m, s);
            b = TSimd.MultiplyAdd(b, m, s);
            c = TSimd.MultiplyAdd(c, m, s);
            d = TSimd.MultiplyAdd(d, m, s);
            e = TSimd.MultiplyAdd(e, m, s);
            f = TSimd.MultiplyAdd(f, m, s);
            g = TSimd.MultiplyAdd(g, m, s);
            h = TSimd.MultiplyAdd(h, m, s);
            i = TSimd.MultiplyAdd(i, m, s);
            j = TSimd.MultiplyAdd(j, m, s);
            k = TSimd.MultiplyAdd(k, m, s);
            l = TSimd.MultiplyAdd(l, m, s);
        }

        TVector sum = TSimd.Add(
            TSimd.Add(TSimd.Add(TSimd.Add(a, b), TSimd.Add(c, d)), TSimd.Add(TSimd.Add(e, f), TSimd.Add(g, h))),
            TSimd.Add(TSimd.Add(i, j), TSimd.Add(k, l)));
        float* lanes = stackalloc float[TSimd.Width];
        TSimd.Store(sum, lanes);
        return lanes[0];
    }
}
