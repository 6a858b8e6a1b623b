using System.Runtime.CompilerServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// The inner kernel of every product: some rows (consecutive pixels of a padded plane, or Winograd tiles) times a
/// panel of output channels, with every sum held in registers over the whole reduction.
/// </summary>
/// <remarks>
/// Rows lie 16 floats apart, also where a pixel row ends, because the border of a plane is part of it; so one tile
/// size serves every width, and sums that fall on border pixels are thrown away by the caller. Reduction order is
/// tap, then channel block, then channel: fixed, whatever the tile or thread. The bodies repeat themselves register
/// by register on purpose: only plain locals stay in registers.
/// </remarks>
internal unsafe interface IProductTile
{
    static abstract int Rows { get; }

    /// <summary>Output channels per tile: 16 or 32.</summary>
    static abstract int Columns { get; }

    /// <param name="input">First row of the tile in the first channel block.</param>
    /// <param name="weights">[tap][channel][lanes].</param>
    /// <param name="bias">[lanes], where the sums start.</param>
    /// <param name="result">Receives [rows][lanes].</param>
    static abstract void Run(float* input, in Reduction reduction, float* weights, float* bias, float* result);
}

/// <summary>What a product sums over: taps x input channels.</summary>
/// <param name="BlockStride">Floats from a channel block to the next.</param>
/// <param name="Kernel">1 or 3.</param>
/// <param name="RowStride">Floats from a pixel row to the next; unused where the kernel is 1.</param>
internal readonly record struct Reduction(int Channels, nint BlockStride, int Kernel, nint RowStride);

/// <summary>14 rows x 2 registers: 32 output channels in 28 of AVX-512's 32 registers.</summary>
internal readonly unsafe struct ProductTile14x2<TSimd, TVector> : IProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 14;

    public static int Columns => 2 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* input, in Reduction reduction, float* weights, float* bias, float* result)
    {
        TVector a0 = TSimd.Load(bias);
        TVector b0 = TSimd.Load(bias + TSimd.Width);
        TVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0,
            a11 = a0, a12 = a0, a13 = a0;
        TVector b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0, b7 = b0, b8 = b0, b9 = b0, b10 = b0,
            b11 = b0, b12 = b0, b13 = b0;
        int kernel = reduction.Kernel;
        float* row = input - (kernel / 2 * (reduction.RowStride + 16));
        for (int kh = 0; kh < kernel; kh++, row += reduction.RowStride)
        {
            float* tap = row;
            for (int kw = 0; kw < kernel; kw++, tap += 16)
            {
                float* x = tap;
                for (int left = reduction.Channels; left > 0; left -= 16, x += reduction.BlockStride)
                {
                    float* end = x + (left < 16 ? left : 16);
                    for (float* p = x; p < end; p++, weights += 2 * TSimd.Width)
                    {
                        TVector u = TSimd.Load(weights);
                        TVector v = TSimd.Load(weights + TSimd.Width);
                        Accumulate(p[0], u, v, ref a0, ref b0);
                        Accumulate(p[16], u, v, ref a1, ref b1);
                        Accumulate(p[32], u, v, ref a2, ref b2);
                        Accumulate(p[48], u, v, ref a3, ref b3);
                        Accumulate(p[64], u, v, ref a4, ref b4);
                        Accumulate(p[80], u, v, ref a5, ref b5);
                        Accumulate(p[96], u, v, ref a6, ref b6);
                        Accumulate(p[112], u, v, ref a7, ref b7);
                        Accumulate(p[128], u, v, ref a8, ref b8);
                        Accumulate(p[144], u, v, ref a9, ref b9);
                        Accumulate(p[160], u, v, ref a10, ref b10);
                        Accumulate(p[176], u, v, ref a11, ref b11);
                        Accumulate(p[192], u, v, ref a12, ref b12);
                        Accumulate(p[208], u, v, ref a13, ref b13);
                    }
                }
            }
        }

        Store(result, a0, b0);
        Store(result + Columns, a1, b1);
        Store(result + (2 * Columns), a2, b2);
        Store(result + (3 * Columns), a3, b3);
        Store(result + (4 * Columns), a4, b4);
        Store(result + (5 * Columns), a5, b5);
        Store(result + (6 * Columns), a6, b6);
        Store(result + (7 * Columns), a7, b7);
        Store(result + (8 * Columns), a8, b8);
        Store(result + (9 * Columns), a9, b9);
        Store(result + (10 * Columns), a10, b10);
        Store(result + (11 * Columns), a11, b11);
        Store(result + (12 * Columns), a12, b12);
        Store(result + (13 * Columns), a13, b13);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, TVector v, ref TVector a, ref TVector b)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
        b = TSimd.MultiplyAdd(x, v, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* row, TVector a, TVector b)
    {
        TSimd.Store(a, row);
        TSimd.Store(b, row + TSimd.Width);
    }
}

/// <summary>14 rows x 1 register: the odd channel block at the end.</summary>
internal readonly unsafe struct ProductTile14x1<TSimd, TVector> : IProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 14;

    public static int Columns => 1 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* input, in Reduction reduction, float* weights, float* bias, float* result)
    {
        TVector a0 = TSimd.Load(bias);
        TVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0, a8 = a0, a9 = a0, a10 = a0,
            a11 = a0, a12 = a0, a13 = a0;
        int kernel = reduction.Kernel;
        float* row = input - (kernel / 2 * (reduction.RowStride + 16));
        for (int kh = 0; kh < kernel; kh++, row += reduction.RowStride)
        {
            float* tap = row;
            for (int kw = 0; kw < kernel; kw++, tap += 16)
            {
                float* x = tap;
                for (int left = reduction.Channels; left > 0; left -= 16, x += reduction.BlockStride)
                {
                    float* end = x + (left < 16 ? left : 16);
                    for (float* p = x; p < end; p++, weights += TSimd.Width)
                    {
                        TVector u = TSimd.Load(weights);
                        Accumulate(p[0], u, ref a0);
                        Accumulate(p[16], u, ref a1);
                        Accumulate(p[32], u, ref a2);
                        Accumulate(p[48], u, ref a3);
                        Accumulate(p[64], u, ref a4);
                        Accumulate(p[80], u, ref a5);
                        Accumulate(p[96], u, ref a6);
                        Accumulate(p[112], u, ref a7);
                        Accumulate(p[128], u, ref a8);
                        Accumulate(p[144], u, ref a9);
                        Accumulate(p[160], u, ref a10);
                        Accumulate(p[176], u, ref a11);
                        Accumulate(p[192], u, ref a12);
                        Accumulate(p[208], u, ref a13);
                    }
                }
            }
        }

        Store(result, a0);
        Store(result + Columns, a1);
        Store(result + (2 * Columns), a2);
        Store(result + (3 * Columns), a3);
        Store(result + (4 * Columns), a4);
        Store(result + (5 * Columns), a5);
        Store(result + (6 * Columns), a6);
        Store(result + (7 * Columns), a7);
        Store(result + (8 * Columns), a8);
        Store(result + (9 * Columns), a9);
        Store(result + (10 * Columns), a10);
        Store(result + (11 * Columns), a11);
        Store(result + (12 * Columns), a12);
        Store(result + (13 * Columns), a13);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, ref TVector a)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* row, TVector a)
    {
        TSimd.Store(a, row);
    }
}

/// <summary>6 rows x 2 registers: 16 output channels in 12 of AVX2's 16 registers.</summary>
internal readonly unsafe struct ProductTile6x2<TSimd, TVector> : IProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 6;

    public static int Columns => 2 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* input, in Reduction reduction, float* weights, float* bias, float* result)
    {
        TVector a0 = TSimd.Load(bias);
        TVector b0 = TSimd.Load(bias + TSimd.Width);
        TVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
        TVector b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
        int kernel = reduction.Kernel;
        float* row = input - (kernel / 2 * (reduction.RowStride + 16));
        for (int kh = 0; kh < kernel; kh++, row += reduction.RowStride)
        {
            float* tap = row;
            for (int kw = 0; kw < kernel; kw++, tap += 16)
            {
                float* x = tap;
                for (int left = reduction.Channels; left > 0; left -= 16, x += reduction.BlockStride)
                {
                    float* end = x + (left < 16 ? left : 16);
                    for (float* p = x; p < end; p++, weights += 2 * TSimd.Width)
                    {
                        TVector u = TSimd.Load(weights);
                        TVector v = TSimd.Load(weights + TSimd.Width);
                        Accumulate(p[0], u, v, ref a0, ref b0);
                        Accumulate(p[16], u, v, ref a1, ref b1);
                        Accumulate(p[32], u, v, ref a2, ref b2);
                        Accumulate(p[48], u, v, ref a3, ref b3);
                        Accumulate(p[64], u, v, ref a4, ref b4);
                        Accumulate(p[80], u, v, ref a5, ref b5);
                    }
                }
            }
        }

        Store(result, a0, b0);
        Store(result + Columns, a1, b1);
        Store(result + (2 * Columns), a2, b2);
        Store(result + (3 * Columns), a3, b3);
        Store(result + (4 * Columns), a4, b4);
        Store(result + (5 * Columns), a5, b5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, TVector v, ref TVector a, ref TVector b)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
        b = TSimd.MultiplyAdd(x, v, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* row, TVector a, TVector b)
    {
        TSimd.Store(a, row);
        TSimd.Store(b, row + TSimd.Width);
    }
}

/// <summary>6 rows x 4 registers: 16 output channels in 24 of Arm's 32 registers of 128 bits.</summary>
internal readonly unsafe struct ProductTile6x4<TSimd, TVector> : IProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Rows => 6;

    public static int Columns => 4 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* input, in Reduction reduction, float* weights, float* bias, float* result)
    {
        TVector a0 = TSimd.Load(bias);
        TVector b0 = TSimd.Load(bias + TSimd.Width);
        TVector c0 = TSimd.Load(bias + (2 * TSimd.Width));
        TVector d0 = TSimd.Load(bias + (3 * TSimd.Width));
        TVector a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
        TVector b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
        TVector c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
        TVector d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0;
        int kernel = reduction.Kernel;
        float* row = input - (kernel / 2 * (reduction.RowStride + 16));
        for (int kh = 0; kh < kernel; kh++, row += reduction.RowStride)
        {
            float* tap = row;
            for (int kw = 0; kw < kernel; kw++, tap += 16)
            {
                float* x = tap;
                for (int left = reduction.Channels; left > 0; left -= 16, x += reduction.BlockStride)
                {
                    float* end = x + (left < 16 ? left : 16);
                    for (float* p = x; p < end; p++, weights += 4 * TSimd.Width)
                    {
                        TVector u = TSimd.Load(weights);
                        TVector v = TSimd.Load(weights + TSimd.Width);
                        TVector w = TSimd.Load(weights + (2 * TSimd.Width));
                        TVector z = TSimd.Load(weights + (3 * TSimd.Width));
                        Accumulate(p[0], u, v, w, z, ref a0, ref b0, ref c0, ref d0);
                        Accumulate(p[16], u, v, w, z, ref a1, ref b1, ref c1, ref d1);
                        Accumulate(p[32], u, v, w, z, ref a2, ref b2, ref c2, ref d2);
                        Accumulate(p[48], u, v, w, z, ref a3, ref b3, ref c3, ref d3);
                        Accumulate(p[64], u, v, w, z, ref a4, ref b4, ref c4, ref d4);
                        Accumulate(p[80], u, v, w, z, ref a5, ref b5, ref c5, ref d5);
                    }
                }
            }
        }

        Store(result, a0, b0, c0, d0);
        Store(result + Columns, a1, b1, c1, d1);
        Store(result + (2 * Columns), a2, b2, c2, d2);
        Store(result + (3 * Columns), a3, b3, c3, d3);
        Store(result + (4 * Columns), a4, b4, c4, d4);
        Store(result + (5 * Columns), a5, b5, c5, d5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(
        float value, TVector u, TVector v, TVector w, TVector z,
        ref TVector a, ref TVector b, ref TVector c, ref TVector d)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
        b = TSimd.MultiplyAdd(x, v, b);
        c = TSimd.MultiplyAdd(x, w, c);
        d = TSimd.MultiplyAdd(x, z, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* row, TVector a, TVector b, TVector c, TVector d)
    {
        TSimd.Store(a, row);
        TSimd.Store(b, row + TSimd.Width);
        TSimd.Store(c, row + (2 * TSimd.Width));
        TSimd.Store(d, row + (3 * TSimd.Width));
    }
}
