using System.Runtime.CompilerServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>Winograd's minimal filtering (Lavin and Gray, arXiv 1509.09308): the numbers of its 6-point form.</summary>
/// <remarks>
/// A 3-tap filter over 6 inputs gives 4 outputs with 6 multiplications instead of 12; in two dimensions 36 instead
/// of 144. The polynomial is evaluated at 0, ±A, ±B and infinity. A = sqrt(1/2) and B = sqrt(2) instead of the usual
/// 1 and 2 keep the transforms' numbers near 1: the error in float32 is about a third. The weight gradient is the
/// same thing with 4 taps (the output gradient's tile) and 3 outputs, over the same input transform.
/// </remarks>
internal static class Winograd
{
    /// <summary>Output pixels of a tile along one side.</summary>
    public const int Tile = 4;

    /// <summary>Input pixels of a tile along one side.</summary>
    public const int Patch = 6;

    /// <summary>Points at which inputs and weights are multiplied.</summary>
    public const int Points = Patch * Patch;

    /// <summary>The smaller point, sqrt(1/2); its square is 1/2, its cube A / 2.</summary>
    public const float A = 0.70710678f;

    /// <summary>The larger point, sqrt(2); its square is 2, its cube 2 B.</summary>
    public const float B = 1.41421356f;

    /// <summary>1 / product of the distances from ±A to the other points.</summary>
    public const float ScaleA = -2f / 3;

    /// <summary>1 / product of the distances from ±B to the other points.</summary>
    public const float ScaleB = 1f / 6;
}

/// <summary>The transforms over one vector width. Each is a one-dimensional step down the columns, then the rows.</summary>
internal abstract unsafe class WinogradKernels<TSimd, TVector> : CpuKernels
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int Block = CpuTensor.Block;
    private const int Tile = Winograd.Tile;
    private const int Patch = Winograd.Patch;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void WinogradInput(
        float* pixels, nint rowStride, NormFactors norm, int tiles, float* target, nint pointStride)
    {
        float* columns = stackalloc float[Patch * Patch * TSimd.Width];
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            Normalizer<TSimd, TVector> normalizer = norm.IsNone ? default : new(norm, lane);
            for (int tile = 0; tile < tiles; tile++)
            {
                float* p = pixels + (tile * Tile * Block) + lane;
                for (int j = 0; j < Patch; j++, p += Block)
                {
                    TVector d0 = TSimd.Load(p), d1 = TSimd.Load(p + rowStride), d2 = TSimd.Load(p + (2 * rowStride));
                    TVector d3 = TSimd.Load(p + (3 * rowStride)), d4 = TSimd.Load(p + (4 * rowStride));
                    TVector d5 = TSimd.Load(p + (5 * rowStride));
                    if (!norm.IsNone)
                    {
                        d0 = normalizer.Apply(d0);
                        d1 = normalizer.Apply(d1);
                        d2 = normalizer.Apply(d2);
                        d3 = normalizer.Apply(d3);
                        d4 = normalizer.Apply(d4);
                        d5 = normalizer.Apply(d5);
                    }

                    InputStep(d0, d1, d2, d3, d4, d5, columns + (j * TSimd.Width), Patch * TSimd.Width);
                }

                float* t = target + (tile * Block) + lane;
                float* c = columns;
                for (int i = 0; i < Patch; i++, c += Patch * TSimd.Width, t += Patch * pointStride)
                {
                    InputStep(
                        TSimd.Load(c), TSimd.Load(c + TSimd.Width), TSimd.Load(c + (2 * TSimd.Width)),
                        TSimd.Load(c + (3 * TSimd.Width)), TSimd.Load(c + (4 * TSimd.Width)),
                        TSimd.Load(c + (5 * TSimd.Width)), t, pointStride);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void WinogradOutput(
        float* source, nint pointStride, nint tileStride, int tiles, float* target, nint rowStride, float* shift,
        float* residual, bool through)
    {
        float* columns = stackalloc float[Tile * Patch * TSimd.Width];
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            TVector s = TSimd.Load(shift + lane);
            for (int tile = 0; tile < tiles; tile++)
            {
                float* m = source + (tile * tileStride) + lane;
                for (int j = 0; j < Patch; j++, m += pointStride)
                {
                    OutputStep(
                        m, Patch * pointStride, out TVector y0, out TVector y1, out TVector y2, out TVector y3);
                    float* c = columns + (j * TSimd.Width);
                    TSimd.Store(y0, c);
                    TSimd.Store(y1, c + (Patch * TSimd.Width));
                    TSimd.Store(y2, c + (2 * Patch * TSimd.Width));
                    TSimd.Store(y3, c + (3 * Patch * TSimd.Width));
                }

                nint pixel = (tile * Tile * Block) + lane;
                for (int i = 0; i < Tile; i++, pixel += rowStride)
                {
                    OutputStep(
                        columns + (i * Patch * TSimd.Width), TSimd.Width,
                        out TVector y0, out TVector y1, out TVector y2, out TVector y3);
                    y0 = TSimd.Add(y0, s);
                    y1 = TSimd.Add(y1, s);
                    y2 = TSimd.Add(y2, s);
                    y3 = TSimd.Add(y3, s);
                    if (residual != null)
                    {
                        float* r = residual + pixel;
                        y0 = TSimd.Add(y0, TSimd.Load(r));
                        y1 = TSimd.Add(y1, TSimd.Load(r + Block));
                        y2 = TSimd.Add(y2, TSimd.Load(r + (2 * Block)));
                        y3 = TSimd.Add(y3, TSimd.Load(r + (3 * Block)));
                    }

                    float* t = target + pixel;
                    if (through)
                    {
                        TSimd.StoreThrough(y0, t);
                        TSimd.StoreThrough(y1, t + Block);
                        TSimd.StoreThrough(y2, t + (2 * Block));
                        TSimd.StoreThrough(y3, t + (3 * Block));
                    }
                    else
                    {
                        TSimd.Store(y0, t);
                        TSimd.Store(y1, t + Block);
                        TSimd.Store(y2, t + (2 * Block));
                        TSimd.Store(y3, t + (3 * Block));
                    }
                }
            }
        }
    }

    /// <summary>See <see cref="CpuKernels.WinogradGradient"/>. Its scales are left to the last transform.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void WinogradGradient(
        float* pixels, nint rowStride, int tiles, float* target, nint pointStride)
    {
        float* columns = stackalloc float[Patch * Tile * TSimd.Width];
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            for (int tile = 0; tile < tiles; tile++)
            {
                float* p = pixels + (tile * Tile * Block) + lane;
                for (int j = 0; j < Tile; j++)
                {
                    GradientStep(p + (j * Block), rowStride, columns + (j * TSimd.Width), Tile * TSimd.Width);
                }

                float* t = target + (tile * Block) + lane;
                for (int i = 0; i < Patch; i++, t += Patch * pointStride)
                {
                    GradientStep(columns + (i * Tile * TSimd.Width), TSimd.Width, t, pointStride);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void WinogradWeights(float* weights, float* target, nint pointStride)
    {
        float* columns = stackalloc float[Patch * 3 * TSimd.Width];
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            for (int j = 0; j < 3; j++)
            {
                WeightStep(weights + (j * Block) + lane, 3 * Block, columns + (j * TSimd.Width), 3 * TSimd.Width);
            }

            for (int i = 0; i < Patch; i++)
            {
                WeightStep(
                    columns + (i * 3 * TSimd.Width), TSimd.Width, target + (i * Patch * pointStride) + lane,
                    pointStride);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override void WinogradWeightGradient(float* sums, nint pointStride, float* target)
    {
        float* columns = stackalloc float[3 * Patch * TSimd.Width];
        for (int lane = 0; lane < Block; lane += TSimd.Width)
        {
            for (int j = 0; j < Patch; j++)
            {
                WeightGradientStep(
                    sums + (j * pointStride) + lane, Patch * pointStride, columns + (j * TSimd.Width),
                    Patch * TSimd.Width);
            }

            for (int i = 0; i < 3; i++)
            {
                WeightGradientStep(
                    columns + (i * Patch * TSimd.Width), TSimd.Width, target + (i * 3 * Block) + lane, Block);
            }
        }
    }

    /// <summary>6 inputs to 6 points: the columns of B^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputStep(
        TVector d0, TVector d1, TVector d2, TVector d3, TVector d4, TVector d5, float* to, nint step)
    {
        TVector half = TSimd.All(-0.5f), two = TSimd.All(-2f), sum = TSimd.All(-2.5f);
        TSimd.Store(TSimd.MultiplyAdd(d2, sum, TSimd.Add(d0, d4)), to);
        TVector even = TSimd.MultiplyAdd(d2, two, d4);
        TVector odd = TSimd.MultiplyAdd(d1, two, d3);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(Winograd.A), even), to + step);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(-Winograd.A), even), to + (2 * step));
        even = TSimd.MultiplyAdd(d2, half, d4);
        odd = TSimd.MultiplyAdd(d1, half, d3);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(Winograd.B), even), to + (3 * step));
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(-Winograd.B), even), to + (4 * step));
        TSimd.Store(TSimd.MultiplyAdd(d3, sum, TSimd.Add(d1, d5)), to + (5 * step));
    }

    /// <summary>6 products to 4 outputs: A^T.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void OutputStep(
        float* m, nint step, out TVector y0, out TVector y1, out TVector y2, out TVector y3)
    {
        TVector m1 = TSimd.Load(m + step), m2 = TSimd.Load(m + (2 * step));
        TVector m3 = TSimd.Load(m + (3 * step)), m4 = TSimd.Load(m + (4 * step));
        TVector evenA = TSimd.Add(m1, m2), oddA = TSimd.Subtract(m1, m2);
        TVector evenB = TSimd.Add(m3, m4), oddB = TSimd.Subtract(m3, m4);
        y0 = TSimd.Add(TSimd.Load(m), TSimd.Add(evenA, evenB));
        y1 = Sum(oddA, Winograd.A, oddB, Winograd.B);
        y2 = Sum(evenA, 0.5f, evenB, 2f);
        y3 = TSimd.Add(Sum(oddA, Winograd.A / 2, oddB, 2 * Winograd.B), TSimd.Load(m + (5 * step)));
    }

    /// <summary>4 output gradients to 6 points, without the points' scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void GradientStep(float* from, nint fromStep, float* to, nint step)
    {
        TVector g0 = TSimd.Load(from), g1 = TSimd.Load(from + fromStep);
        TVector g2 = TSimd.Load(from + (2 * fromStep)), g3 = TSimd.Load(from + (3 * fromStep));
        TSimd.Store(g0, to);
        TVector even = TSimd.MultiplyAdd(g2, TSimd.All(0.5f), g0);
        TVector odd = TSimd.MultiplyAdd(g3, TSimd.All(0.5f), g1);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(Winograd.A), even), to + step);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(-Winograd.A), even), to + (2 * step));
        even = TSimd.MultiplyAdd(g2, TSimd.All(2f), g0);
        odd = TSimd.MultiplyAdd(g3, TSimd.All(2f), g1);
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(Winograd.B), even), to + (3 * step));
        TSimd.Store(TSimd.MultiplyAdd(odd, TSimd.All(-Winograd.B), even), to + (4 * step));
        TSimd.Store(g3, to + (5 * step));
    }

    /// <summary>3 weights to 6 points: G.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightStep(float* from, nint fromStep, float* to, nint step)
    {
        TVector zero = TSimd.All(0);
        TVector g0 = TSimd.Load(from), g1 = TSimd.Load(from + fromStep), g2 = TSimd.Load(from + (2 * fromStep));
        TSimd.Store(g0, to);
        TVector even = Sum(g0, Winograd.ScaleA, g2, Winograd.ScaleA / 2);
        TSimd.Store(TSimd.MultiplyAdd(g1, TSimd.All(Winograd.ScaleA * Winograd.A), even), to + step);
        TSimd.Store(TSimd.MultiplyAdd(g1, TSimd.All(-Winograd.ScaleA * Winograd.A), even), to + (2 * step));
        even = Sum(g0, Winograd.ScaleB, g2, Winograd.ScaleB * 2);
        TSimd.Store(TSimd.MultiplyAdd(g1, TSimd.All(Winograd.ScaleB * Winograd.B), even), to + (3 * step));
        TSimd.Store(TSimd.MultiplyAdd(g1, TSimd.All(-Winograd.ScaleB * Winograd.B), even), to + (4 * step));
        TSimd.Store(g2, to + (5 * step));
    }

    /// <summary>6 sums of products to 3 taps, with the points' scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WeightGradientStep(float* m, nint mStep, float* to, nint step)
    {
        TVector m1 = TSimd.Load(m + mStep), m2 = TSimd.Load(m + (2 * mStep));
        TVector m3 = TSimd.Load(m + (3 * mStep)), m4 = TSimd.Load(m + (4 * mStep));
        TVector evenA = TSimd.Add(m1, m2), oddA = TSimd.Subtract(m1, m2);
        TVector evenB = TSimd.Add(m3, m4), oddB = TSimd.Subtract(m3, m4);
        TSimd.Store(TSimd.Add(TSimd.Load(m), Sum(evenA, Winograd.ScaleA, evenB, Winograd.ScaleB)), to);
        TSimd.Store(Sum(oddA, Winograd.ScaleA * Winograd.A, oddB, Winograd.ScaleB * Winograd.B), to + step);
        TVector last = Sum(evenA, Winograd.ScaleA / 2, evenB, Winograd.ScaleB * 2);
        TSimd.Store(TSimd.Add(last, TSimd.Load(m + (5 * mStep))), to + (2 * step));
    }

    /// <summary>a x factorA + b x factorB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sum(TVector a, float factorA, TVector b, float factorB) =>
        TSimd.MultiplyAdd(a, TSimd.All(factorA), TSimd.MultiplyAdd(b, TSimd.All(factorB), TSimd.All(0)));
}
