using System.Runtime.CompilerServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// The inner kernel of every weight gradient: outer products of input rows (some channels) with output-gradient rows
/// (a panel of channels), summed in registers over a run of rows that lie 16 floats apart: pixels or Winograd tiles.
/// </summary>
/// <remarks>The border pixels of a gradient are zero, so a run of pixels may cross the ends of pixel rows.</remarks>
internal unsafe interface IOuterProductTile
{
    /// <summary>Input channels per tile.</summary>
    static abstract int Channels { get; }

    /// <summary>Output channels per tile: 16 or 32.</summary>
    static abstract int Columns { get; }

    /// <param name="x">Input: first row, first channel of the tile.</param>
    /// <param name="dy">Gradient: first row, first channel block of the panel.</param>
    /// <param name="blockStride">Floats from one of the gradient's channel blocks to the next.</param>
    /// <param name="sums">[channels][lanes], added to.</param>
    /// <param name="channelStride">Floats from an input channel's sums to the next.</param>
    static abstract void Run(float* x, float* dy, nint blockStride, int count, float* sums, nint channelStride);
}

/// <summary>8 channels x 2 AVX-512 registers: two channel blocks of the gradient.</summary>
internal readonly unsafe struct OuterProductTile8x2<TSimd, TVector> : IOuterProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Channels => 8;

    public static int Columns => 2 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* x, float* dy, nint blockStride, int count, float* sums, nint channelStride)
    {
        TVector zero = TSimd.All(0);
        TVector a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
        TVector b0 = zero, b1 = zero, b2 = zero, b3 = zero, b4 = zero, b5 = zero, b6 = zero, b7 = zero;
        for (float* end = dy + ((nint)count * 16); dy < end; dy += 16, x += 16)
        {
            TVector u = TSimd.Load(dy);
            TVector v = TSimd.Load(dy + blockStride);
            Accumulate(x[0], u, v, ref a0, ref b0);
            Accumulate(x[1], u, v, ref a1, ref b1);
            Accumulate(x[2], u, v, ref a2, ref b2);
            Accumulate(x[3], u, v, ref a3, ref b3);
            Accumulate(x[4], u, v, ref a4, ref b4);
            Accumulate(x[5], u, v, ref a5, ref b5);
            Accumulate(x[6], u, v, ref a6, ref b6);
            Accumulate(x[7], u, v, ref a7, ref b7);
        }

        AddTo(sums, a0, b0);
        AddTo(sums + channelStride, a1, b1);
        AddTo(sums + (2 * channelStride), a2, b2);
        AddTo(sums + (3 * channelStride), a3, b3);
        AddTo(sums + (4 * channelStride), a4, b4);
        AddTo(sums + (5 * channelStride), a5, b5);
        AddTo(sums + (6 * channelStride), a6, b6);
        AddTo(sums + (7 * channelStride), a7, b7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, TVector v, ref TVector a, ref TVector b)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
        b = TSimd.MultiplyAdd(x, v, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, TVector a, TVector b)
    {
        TSimd.Store(TSimd.Add(TSimd.Load(sums), a), sums);
        TSimd.Store(TSimd.Add(TSimd.Load(sums + TSimd.Width), b), sums + TSimd.Width);
    }
}

/// <summary>8 channels x 1 AVX-512 register: the odd channel block at the end.</summary>
internal readonly unsafe struct OuterProductTile8x1<TSimd, TVector> : IOuterProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Channels => 8;

    public static int Columns => 1 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* x, float* dy, nint blockStride, int count, float* sums, nint channelStride)
    {
        TVector zero = TSimd.All(0);
        TVector a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
        for (float* end = dy + ((nint)count * 16); dy < end; dy += 16, x += 16)
        {
            TVector u = TSimd.Load(dy);
            Accumulate(x[0], u, ref a0);
            Accumulate(x[1], u, ref a1);
            Accumulate(x[2], u, ref a2);
            Accumulate(x[3], u, ref a3);
            Accumulate(x[4], u, ref a4);
            Accumulate(x[5], u, ref a5);
            Accumulate(x[6], u, ref a6);
            Accumulate(x[7], u, ref a7);
        }

        AddTo(sums, a0);
        AddTo(sums + channelStride, a1);
        AddTo(sums + (2 * channelStride), a2);
        AddTo(sums + (3 * channelStride), a3);
        AddTo(sums + (4 * channelStride), a4);
        AddTo(sums + (5 * channelStride), a5);
        AddTo(sums + (6 * channelStride), a6);
        AddTo(sums + (7 * channelStride), a7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, ref TVector a)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, TVector a)
    {
        TSimd.Store(TSimd.Add(TSimd.Load(sums), a), sums);
    }
}

/// <summary>4 channels x 2 AVX2 registers: one channel block of the gradient.</summary>
internal readonly unsafe struct OuterProductTile4x2<TSimd, TVector> : IOuterProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Channels => 4;

    public static int Columns => 2 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* x, float* dy, nint blockStride, int count, float* sums, nint channelStride)
    {
        TVector zero = TSimd.All(0);
        TVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        TVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        for (float* end = dy + ((nint)count * 16); dy < end; dy += 16, x += 16)
        {
            TVector u = TSimd.Load(dy);
            TVector v = TSimd.Load(dy + TSimd.Width);
            Accumulate(x[0], u, v, ref a0, ref b0);
            Accumulate(x[1], u, v, ref a1, ref b1);
            Accumulate(x[2], u, v, ref a2, ref b2);
            Accumulate(x[3], u, v, ref a3, ref b3);
        }

        AddTo(sums, a0, b0);
        AddTo(sums + channelStride, a1, b1);
        AddTo(sums + (2 * channelStride), a2, b2);
        AddTo(sums + (3 * channelStride), a3, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Accumulate(float value, TVector u, TVector v, ref TVector a, ref TVector b)
    {
        TVector x = TSimd.All(value);
        a = TSimd.MultiplyAdd(x, u, a);
        b = TSimd.MultiplyAdd(x, v, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, TVector a, TVector b)
    {
        TSimd.Store(TSimd.Add(TSimd.Load(sums), a), sums);
        TSimd.Store(TSimd.Add(TSimd.Load(sums + TSimd.Width), b), sums + TSimd.Width);
    }
}

/// <summary>4 channels x 4 registers of 128 bits: one channel block of the gradient.</summary>
internal readonly unsafe struct OuterProductTile4x4<TSimd, TVector> : IOuterProductTile
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static int Channels => 4;

    public static int Columns => 4 * TSimd.Width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(float* x, float* dy, nint blockStride, int count, float* sums, nint channelStride)
    {
        TVector zero = TSimd.All(0);
        TVector a0 = zero, a1 = zero, a2 = zero, a3 = zero;
        TVector b0 = zero, b1 = zero, b2 = zero, b3 = zero;
        TVector c0 = zero, c1 = zero, c2 = zero, c3 = zero;
        TVector d0 = zero, d1 = zero, d2 = zero, d3 = zero;
        for (float* end = dy + ((nint)count * 16); dy < end; dy += 16, x += 16)
        {
            TVector u = TSimd.Load(dy);
            TVector v = TSimd.Load(dy + TSimd.Width);
            TVector w = TSimd.Load(dy + (2 * TSimd.Width));
            TVector z = TSimd.Load(dy + (3 * TSimd.Width));
            Accumulate(x[0], u, v, w, z, ref a0, ref b0, ref c0, ref d0);
            Accumulate(x[1], u, v, w, z, ref a1, ref b1, ref c1, ref d1);
            Accumulate(x[2], u, v, w, z, ref a2, ref b2, ref c2, ref d2);
            Accumulate(x[3], u, v, w, z, ref a3, ref b3, ref c3, ref d3);
        }

        AddTo(sums, a0, b0, c0, d0);
        AddTo(sums + channelStride, a1, b1, c1, d1);
        AddTo(sums + (2 * channelStride), a2, b2, c2, d2);
        AddTo(sums + (3 * channelStride), a3, b3, c3, d3);
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
    private static void AddTo(float* sums, TVector a, TVector b, TVector c, TVector d)
    {
        TSimd.Store(TSimd.Add(TSimd.Load(sums), a), sums);
        TSimd.Store(TSimd.Add(TSimd.Load(sums + TSimd.Width), b), sums + TSimd.Width);
        TSimd.Store(TSimd.Add(TSimd.Load(sums + (2 * TSimd.Width)), c), sums + (2 * TSimd.Width));
        TSimd.Store(TSimd.Add(TSimd.Load(sums + (3 * TSimd.Width)), d), sums + (3 * TSimd.Width));
    }
}
