using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
        Vector512.IsHardwareAccelerated ? MultiplyAdd512(iterations)
        : Vector256.IsHardwareAccelerated ? MultiplyAdd256(iterations)
        : MultiplyAdd128(iterations);

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
    private static float MultiplyAdd512(long iterations)
    {
        Vector512<float> m = Vector512.Create(0.999f), s = Vector512.Create(0.001f);
        Vector512<float> a = s, b = s, c = s, d = s, e = s, f = s, g = s, h = s, i = s, j = s, k = s, l = s;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector512.FusedMultiplyAdd(a, m, s);
            b = Vector512.FusedMultiplyAdd(b, m, s);
            c = Vector512.FusedMultiplyAdd(c, m, s);
            d = Vector512.FusedMultiplyAdd(d, m, s);
            e = Vector512.FusedMultiplyAdd(e, m, s);
            f = Vector512.FusedMultiplyAdd(f, m, s);
            g = Vector512.FusedMultiplyAdd(g, m, s);
            h = Vector512.FusedMultiplyAdd(h, m, s);
            i = Vector512.FusedMultiplyAdd(i, m, s);
            j = Vector512.FusedMultiplyAdd(j, m, s);
            k = Vector512.FusedMultiplyAdd(k, m, s);
            l = Vector512.FusedMultiplyAdd(l, m, s);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd256(long iterations)
    {
        Vector256<float> m = Vector256.Create(0.999f), s = Vector256.Create(0.001f);
        Vector256<float> a = s, b = s, c = s, d = s, e = s, f = s, g = s, h = s, i = s, j = s, k = s, l = s;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, m, s);
            b = Vector256.FusedMultiplyAdd(b, m, s);
            c = Vector256.FusedMultiplyAdd(c, m, s);
            d = Vector256.FusedMultiplyAdd(d, m, s);
            e = Vector256.FusedMultiplyAdd(e, m, s);
            f = Vector256.FusedMultiplyAdd(f, m, s);
            g = Vector256.FusedMultiplyAdd(g, m, s);
            h = Vector256.FusedMultiplyAdd(h, m, s);
            i = Vector256.FusedMultiplyAdd(i, m, s);
            j = Vector256.FusedMultiplyAdd(j, m, s);
            k = Vector256.FusedMultiplyAdd(k, m, s);
            l = Vector256.FusedMultiplyAdd(l, m, s);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd128(long iterations)
    {
        Vector128<float> m = Vector128.Create(0.999f), s = Vector128.Create(0.001f);
        Vector128<float> a = s, b = s, c = s, d = s, e = s, f = s, g = s, h = s, i = s, j = s, k = s, l = s;
        for (long n = 0; n < iterations; n++)
        {
            a = Vector128.FusedMultiplyAdd(a, m, s);
            b = Vector128.FusedMultiplyAdd(b, m, s);
            c = Vector128.FusedMultiplyAdd(c, m, s);
            d = Vector128.FusedMultiplyAdd(d, m, s);
            e = Vector128.FusedMultiplyAdd(e, m, s);
            f = Vector128.FusedMultiplyAdd(f, m, s);
            g = Vector128.FusedMultiplyAdd(g, m, s);
            h = Vector128.FusedMultiplyAdd(h, m, s);
            i = Vector128.FusedMultiplyAdd(i, m, s);
            j = Vector128.FusedMultiplyAdd(j, m, s);
            k = Vector128.FusedMultiplyAdd(k, m, s);
            l = Vector128.FusedMultiplyAdd(l, m, s);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
