using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// The inner kernel of the weight gradient: outer products of input pixels (some channels, one row of taps) with
/// output-gradient pixels (16 channels), summed in registers over a run of consecutive pixels.
/// </summary>
/// <remarks>The border pixels of the gradient are zero, so a run may cross rows.</remarks>
internal interface IOuterProductTile
{
    /// <summary>Taps of a kernel row: 1 or 3.</summary>
    static abstract int Taps { get; }

    /// <summary>Input channels per tile.</summary>
    static abstract int Channels { get; }

    /// <summary>Adds the outer products of a run of pixels to the sums.</summary>
    /// <param name="x">Input: first pixel's first tap, first channel of the tile.</param>
    /// <param name="dy">Gradient: first pixel.</param>
    /// <param name="pixels">Length of the run.</param>
    /// <param name="sums">[taps][channels][16], added to.</param>
    /// <param name="tapStride">Floats from a tap to the next.</param>
    /// <param name="channelStride">Floats from a channel to the next.</param>
    static abstract unsafe void Run(
        float* x, float* dy, int pixels, float* sums, nint tapStride, nint channelStride);
}

/// <summary>Adds a register to memory.</summary>
internal static unsafe class OuterProduct
{
    /// <summary>target += value, 16 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* target, Vector512<float> value) => (Vector512.Load(target) + value).Store(target);

    /// <summary>target += value, 8 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(float* target, Vector256<float> value) => (Vector256.Load(target) + value).Store(target);
}

/// <summary>3 taps x 8 channels in 24 AVX-512 registers.</summary>
internal readonly struct Outer3x8 : IOuterProductTile
{
    public static int Taps => 3;

    public static int Channels => 8;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float* dy, int pixels, float* sums, nint tapStride, nint channelStride)
    {
        Vector512<float> a0 = Vector512<float>.Zero, b0 = Vector512<float>.Zero;
        Vector512<float> c0 = Vector512<float>.Zero, d0 = Vector512<float>.Zero;
        Vector512<float> e0 = Vector512<float>.Zero, f0 = Vector512<float>.Zero;
        Vector512<float> g0 = Vector512<float>.Zero, h0 = Vector512<float>.Zero;
        Vector512<float> a1 = Vector512<float>.Zero, b1 = Vector512<float>.Zero;
        Vector512<float> c1 = Vector512<float>.Zero, d1 = Vector512<float>.Zero;
        Vector512<float> e1 = Vector512<float>.Zero, f1 = Vector512<float>.Zero;
        Vector512<float> g1 = Vector512<float>.Zero, h1 = Vector512<float>.Zero;
        Vector512<float> a2 = Vector512<float>.Zero, b2 = Vector512<float>.Zero;
        Vector512<float> c2 = Vector512<float>.Zero, d2 = Vector512<float>.Zero;
        Vector512<float> e2 = Vector512<float>.Zero, f2 = Vector512<float>.Zero;
        Vector512<float> g2 = Vector512<float>.Zero, h2 = Vector512<float>.Zero;
        for (float* end = dy + ((nint)pixels * 16); dy < end; dy += 16, x += 16)
        {
            Vector512<float> u = Vector512.Load(dy);
            a0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), u, a0);
            b0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), u, b0);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[2]), u, c0);
            d0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[3]), u, d0);
            e0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[4]), u, e0);
            f0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[5]), u, f0);
            g0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[6]), u, g0);
            h0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[7]), u, h0);
            a1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[16]), u, a1);
            b1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[17]), u, b1);
            c1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[18]), u, c1);
            d1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[19]), u, d1);
            e1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[20]), u, e1);
            f1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[21]), u, f1);
            g1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[22]), u, g1);
            h1 = Vector512.FusedMultiplyAdd(Vector512.Create(x[23]), u, h1);
            a2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[32]), u, a2);
            b2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[33]), u, b2);
            c2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[34]), u, c2);
            d2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[35]), u, d2);
            e2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[36]), u, e2);
            f2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[37]), u, f2);
            g2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[38]), u, g2);
            h2 = Vector512.FusedMultiplyAdd(Vector512.Create(x[39]), u, h2);
        }

        OuterProduct.Add(sums, a0);
        OuterProduct.Add(sums + channelStride, b0);
        OuterProduct.Add(sums + (2 * channelStride), c0);
        OuterProduct.Add(sums + (3 * channelStride), d0);
        OuterProduct.Add(sums + (4 * channelStride), e0);
        OuterProduct.Add(sums + (5 * channelStride), f0);
        OuterProduct.Add(sums + (6 * channelStride), g0);
        OuterProduct.Add(sums + (7 * channelStride), h0);
        OuterProduct.Add(sums + tapStride, a1);
        OuterProduct.Add(sums + tapStride + channelStride, b1);
        OuterProduct.Add(sums + tapStride + (2 * channelStride), c1);
        OuterProduct.Add(sums + tapStride + (3 * channelStride), d1);
        OuterProduct.Add(sums + tapStride + (4 * channelStride), e1);
        OuterProduct.Add(sums + tapStride + (5 * channelStride), f1);
        OuterProduct.Add(sums + tapStride + (6 * channelStride), g1);
        OuterProduct.Add(sums + tapStride + (7 * channelStride), h1);
        OuterProduct.Add(sums + (2 * tapStride), a2);
        OuterProduct.Add(sums + (2 * tapStride) + channelStride, b2);
        OuterProduct.Add(sums + (2 * tapStride) + (2 * channelStride), c2);
        OuterProduct.Add(sums + (2 * tapStride) + (3 * channelStride), d2);
        OuterProduct.Add(sums + (2 * tapStride) + (4 * channelStride), e2);
        OuterProduct.Add(sums + (2 * tapStride) + (5 * channelStride), f2);
        OuterProduct.Add(sums + (2 * tapStride) + (6 * channelStride), g2);
        OuterProduct.Add(sums + (2 * tapStride) + (7 * channelStride), h2);
    }
}

/// <summary>1 tap x 16 channels in 16 AVX-512 registers.</summary>
internal readonly struct Outer1x16 : IOuterProductTile
{
    public static int Taps => 1;

    public static int Channels => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float* dy, int pixels, float* sums, nint tapStride, nint channelStride)
    {
        Vector512<float> a0 = Vector512<float>.Zero, b0 = Vector512<float>.Zero;
        Vector512<float> c0 = Vector512<float>.Zero, d0 = Vector512<float>.Zero;
        Vector512<float> e0 = Vector512<float>.Zero, f0 = Vector512<float>.Zero;
        Vector512<float> g0 = Vector512<float>.Zero, h0 = Vector512<float>.Zero;
        Vector512<float> i0 = Vector512<float>.Zero, j0 = Vector512<float>.Zero;
        Vector512<float> k0 = Vector512<float>.Zero, l0 = Vector512<float>.Zero;
        Vector512<float> m0 = Vector512<float>.Zero, n0 = Vector512<float>.Zero;
        Vector512<float> o0 = Vector512<float>.Zero, p0 = Vector512<float>.Zero;
        for (float* end = dy + ((nint)pixels * 16); dy < end; dy += 16, x += 16)
        {
            Vector512<float> u = Vector512.Load(dy);
            a0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), u, a0);
            b0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), u, b0);
            c0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[2]), u, c0);
            d0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[3]), u, d0);
            e0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[4]), u, e0);
            f0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[5]), u, f0);
            g0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[6]), u, g0);
            h0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[7]), u, h0);
            i0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[8]), u, i0);
            j0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[9]), u, j0);
            k0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[10]), u, k0);
            l0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[11]), u, l0);
            m0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[12]), u, m0);
            n0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[13]), u, n0);
            o0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[14]), u, o0);
            p0 = Vector512.FusedMultiplyAdd(Vector512.Create(x[15]), u, p0);
        }

        OuterProduct.Add(sums, a0);
        OuterProduct.Add(sums + channelStride, b0);
        OuterProduct.Add(sums + (2 * channelStride), c0);
        OuterProduct.Add(sums + (3 * channelStride), d0);
        OuterProduct.Add(sums + (4 * channelStride), e0);
        OuterProduct.Add(sums + (5 * channelStride), f0);
        OuterProduct.Add(sums + (6 * channelStride), g0);
        OuterProduct.Add(sums + (7 * channelStride), h0);
        OuterProduct.Add(sums + (8 * channelStride), i0);
        OuterProduct.Add(sums + (9 * channelStride), j0);
        OuterProduct.Add(sums + (10 * channelStride), k0);
        OuterProduct.Add(sums + (11 * channelStride), l0);
        OuterProduct.Add(sums + (12 * channelStride), m0);
        OuterProduct.Add(sums + (13 * channelStride), n0);
        OuterProduct.Add(sums + (14 * channelStride), o0);
        OuterProduct.Add(sums + (15 * channelStride), p0);
    }
}

/// <summary>3 taps x 2 channels in 12 registers of eight floats.</summary>
internal readonly struct Outer3x2 : IOuterProductTile
{
    public static int Taps => 3;

    public static int Channels => 2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float* dy, int pixels, float* sums, nint tapStride, nint channelStride)
    {
        Vector256<float> a0x = Vector256<float>.Zero, a0y = Vector256<float>.Zero;
        Vector256<float> b0x = Vector256<float>.Zero, b0y = Vector256<float>.Zero;
        Vector256<float> a1x = Vector256<float>.Zero, a1y = Vector256<float>.Zero;
        Vector256<float> b1x = Vector256<float>.Zero, b1y = Vector256<float>.Zero;
        Vector256<float> a2x = Vector256<float>.Zero, a2y = Vector256<float>.Zero;
        Vector256<float> b2x = Vector256<float>.Zero, b2y = Vector256<float>.Zero;
        for (float* end = dy + ((nint)pixels * 16); dy < end; dy += 16, x += 16)
        {
            Vector256<float> u = Vector256.Load(dy);
            Vector256<float> v = Vector256.Load(dy + 8);
            Vector256<float> s;
            s = Vector256.Create(x[0]);
            a0x = Vector256.FusedMultiplyAdd(s, u, a0x);
            a0y = Vector256.FusedMultiplyAdd(s, v, a0y);
            s = Vector256.Create(x[1]);
            b0x = Vector256.FusedMultiplyAdd(s, u, b0x);
            b0y = Vector256.FusedMultiplyAdd(s, v, b0y);
            s = Vector256.Create(x[16]);
            a1x = Vector256.FusedMultiplyAdd(s, u, a1x);
            a1y = Vector256.FusedMultiplyAdd(s, v, a1y);
            s = Vector256.Create(x[17]);
            b1x = Vector256.FusedMultiplyAdd(s, u, b1x);
            b1y = Vector256.FusedMultiplyAdd(s, v, b1y);
            s = Vector256.Create(x[32]);
            a2x = Vector256.FusedMultiplyAdd(s, u, a2x);
            a2y = Vector256.FusedMultiplyAdd(s, v, a2y);
            s = Vector256.Create(x[33]);
            b2x = Vector256.FusedMultiplyAdd(s, u, b2x);
            b2y = Vector256.FusedMultiplyAdd(s, v, b2y);
        }

        OuterProduct.Add(sums, a0x);
        OuterProduct.Add(sums + 8, a0y);
        OuterProduct.Add(sums + channelStride, b0x);
        OuterProduct.Add(sums + channelStride + 8, b0y);
        OuterProduct.Add(sums + tapStride, a1x);
        OuterProduct.Add(sums + tapStride + 8, a1y);
        OuterProduct.Add(sums + tapStride + channelStride, b1x);
        OuterProduct.Add(sums + tapStride + channelStride + 8, b1y);
        OuterProduct.Add(sums + (2 * tapStride), a2x);
        OuterProduct.Add(sums + (2 * tapStride) + 8, a2y);
        OuterProduct.Add(sums + (2 * tapStride) + channelStride, b2x);
        OuterProduct.Add(sums + (2 * tapStride) + channelStride + 8, b2y);
    }
}

/// <summary>1 tap x 4 channels in 8 registers of eight floats.</summary>
internal readonly struct Outer1x4 : IOuterProductTile
{
    public static int Taps => 1;

    public static int Channels => 4;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(float* x, float* dy, int pixels, float* sums, nint tapStride, nint channelStride)
    {
        Vector256<float> a0x = Vector256<float>.Zero, a0y = Vector256<float>.Zero;
        Vector256<float> b0x = Vector256<float>.Zero, b0y = Vector256<float>.Zero;
        Vector256<float> c0x = Vector256<float>.Zero, c0y = Vector256<float>.Zero;
        Vector256<float> d0x = Vector256<float>.Zero, d0y = Vector256<float>.Zero;
        for (float* end = dy + ((nint)pixels * 16); dy < end; dy += 16, x += 16)
        {
            Vector256<float> u = Vector256.Load(dy);
            Vector256<float> v = Vector256.Load(dy + 8);
            Vector256<float> s;
            s = Vector256.Create(x[0]);
            a0x = Vector256.FusedMultiplyAdd(s, u, a0x);
            a0y = Vector256.FusedMultiplyAdd(s, v, a0y);
            s = Vector256.Create(x[1]);
            b0x = Vector256.FusedMultiplyAdd(s, u, b0x);
            b0y = Vector256.FusedMultiplyAdd(s, v, b0y);
            s = Vector256.Create(x[2]);
            c0x = Vector256.FusedMultiplyAdd(s, u, c0x);
            c0y = Vector256.FusedMultiplyAdd(s, v, c0y);
            s = Vector256.Create(x[3]);
            d0x = Vector256.FusedMultiplyAdd(s, u, d0x);
            d0y = Vector256.FusedMultiplyAdd(s, v, d0y);
        }

        OuterProduct.Add(sums, a0x);
        OuterProduct.Add(sums + 8, a0y);
        OuterProduct.Add(sums + channelStride, b0x);
        OuterProduct.Add(sums + channelStride + 8, b0y);
        OuterProduct.Add(sums + (2 * channelStride), c0x);
        OuterProduct.Add(sums + (2 * channelStride) + 8, c0y);
        OuterProduct.Add(sums + (3 * channelStride), d0x);
        OuterProduct.Add(sums + (3 * channelStride) + 8, d0y);
    }
}
