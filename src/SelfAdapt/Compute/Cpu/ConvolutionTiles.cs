using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// The inner kernel of convolution, forward and backward-data alike: a strip of consecutive pixels of the padded
/// plane times a group of output channels, with every sum held in registers over the whole reduction.
/// </summary>
/// <remarks>
/// Pixels are consecutive in memory even across rows, because the border of a plane is part of it; so one tile
/// size serves every width, and sums that fall on border pixels are thrown away by the caller. Reduction order is
/// tap, then channel block, then channel: fixed, whatever the tile or thread. FLOPs: 2 x pixels x lanes x
/// channels x taps, at one broadcast load per pixel and term.
/// </remarks>
internal interface IConvolutionTile
{
    /// <summary>Pixels per tile.</summary>
    static abstract int Pixels { get; }

    /// <summary>Output channels per tile: 16 or 32.</summary>
    static abstract int Lanes { get; }

    /// <summary>Computes one tile.</summary>
    /// <param name="input">First pixel of the tile in the first channel block.</param>
    /// <param name="reduction">What to sum over.</param>
    /// <param name="weights">[tap][channel][lanes].</param>
    /// <param name="bias">[lanes], where the sums start.</param>
    /// <param name="result">Receives [pixels][lanes].</param>
    static abstract unsafe void Run(
        float* input, in ConvolutionReduction reduction, float* weights, float* bias, float* result);
}

/// <summary>The reduction of a convolution: taps x input channels.</summary>
/// <param name="Channels">Input channels.</param>
/// <param name="BlockStride">Floats from a channel block's plane to the next.</param>
/// <param name="Kernel">1 or 3.</param>
/// <param name="RowStride">Floats from a row to the next.</param>
internal readonly record struct ConvolutionReduction(int Channels, nint BlockStride, int Kernel, nint RowStride);

/// <summary>14 pixels x 32 channels in 28 AVX-512 registers.</summary>
internal readonly struct Tile14x32 : IConvolutionTile
{
    public static int Pixels => 14;

    public static int Lanes => 32;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(
        float* input, in ConvolutionReduction reduction, float* weights, float* bias, float* result)
    {
        Vector512<float> a0 = Vector512.Load(bias), b0 = Vector512.Load(bias + 16);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        Vector512<float> a8 = a0, a9 = a0, a10 = a0, a11 = a0, a12 = a0, a13 = a0;
        Vector512<float> b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0, b7 = b0;
        Vector512<float> b8 = b0, b9 = b0, b10 = b0, b11 = b0, b12 = b0, b13 = b0;
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
                    for (float* p = x; p < end; p++, weights += 32)
                    {
                        Vector512<float> u = Vector512.Load(weights), v = Vector512.Load(weights + 16);
                        Vector512<float> s = Vector512.Create(p[0]);
                        a0 = Vector512.FusedMultiplyAdd(s, u, a0);
                        b0 = Vector512.FusedMultiplyAdd(s, v, b0);
                        s = Vector512.Create(p[16]);
                        a1 = Vector512.FusedMultiplyAdd(s, u, a1);
                        b1 = Vector512.FusedMultiplyAdd(s, v, b1);
                        s = Vector512.Create(p[32]);
                        a2 = Vector512.FusedMultiplyAdd(s, u, a2);
                        b2 = Vector512.FusedMultiplyAdd(s, v, b2);
                        s = Vector512.Create(p[48]);
                        a3 = Vector512.FusedMultiplyAdd(s, u, a3);
                        b3 = Vector512.FusedMultiplyAdd(s, v, b3);
                        s = Vector512.Create(p[64]);
                        a4 = Vector512.FusedMultiplyAdd(s, u, a4);
                        b4 = Vector512.FusedMultiplyAdd(s, v, b4);
                        s = Vector512.Create(p[80]);
                        a5 = Vector512.FusedMultiplyAdd(s, u, a5);
                        b5 = Vector512.FusedMultiplyAdd(s, v, b5);
                        s = Vector512.Create(p[96]);
                        a6 = Vector512.FusedMultiplyAdd(s, u, a6);
                        b6 = Vector512.FusedMultiplyAdd(s, v, b6);
                        s = Vector512.Create(p[112]);
                        a7 = Vector512.FusedMultiplyAdd(s, u, a7);
                        b7 = Vector512.FusedMultiplyAdd(s, v, b7);
                        s = Vector512.Create(p[128]);
                        a8 = Vector512.FusedMultiplyAdd(s, u, a8);
                        b8 = Vector512.FusedMultiplyAdd(s, v, b8);
                        s = Vector512.Create(p[144]);
                        a9 = Vector512.FusedMultiplyAdd(s, u, a9);
                        b9 = Vector512.FusedMultiplyAdd(s, v, b9);
                        s = Vector512.Create(p[160]);
                        a10 = Vector512.FusedMultiplyAdd(s, u, a10);
                        b10 = Vector512.FusedMultiplyAdd(s, v, b10);
                        s = Vector512.Create(p[176]);
                        a11 = Vector512.FusedMultiplyAdd(s, u, a11);
                        b11 = Vector512.FusedMultiplyAdd(s, v, b11);
                        s = Vector512.Create(p[192]);
                        a12 = Vector512.FusedMultiplyAdd(s, u, a12);
                        b12 = Vector512.FusedMultiplyAdd(s, v, b12);
                        s = Vector512.Create(p[208]);
                        a13 = Vector512.FusedMultiplyAdd(s, u, a13);
                        b13 = Vector512.FusedMultiplyAdd(s, v, b13);
                    }
                }
            }
        }

        a0.Store(result);
        b0.Store(result + 16);
        a1.Store(result + 32);
        b1.Store(result + 48);
        a2.Store(result + 64);
        b2.Store(result + 80);
        a3.Store(result + 96);
        b3.Store(result + 112);
        a4.Store(result + 128);
        b4.Store(result + 144);
        a5.Store(result + 160);
        b5.Store(result + 176);
        a6.Store(result + 192);
        b6.Store(result + 208);
        a7.Store(result + 224);
        b7.Store(result + 240);
        a8.Store(result + 256);
        b8.Store(result + 272);
        a9.Store(result + 288);
        b9.Store(result + 304);
        a10.Store(result + 320);
        b10.Store(result + 336);
        a11.Store(result + 352);
        b11.Store(result + 368);
        a12.Store(result + 384);
        b12.Store(result + 400);
        a13.Store(result + 416);
        b13.Store(result + 432);
    }
}

/// <summary>14 pixels x 16 channels in 14 AVX-512 registers: for the odd block at the end.</summary>
internal readonly struct Tile14x16 : IConvolutionTile
{
    public static int Pixels => 14;

    public static int Lanes => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(
        float* input, in ConvolutionReduction reduction, float* weights, float* bias, float* result)
    {
        Vector512<float> a0 = Vector512.Load(bias);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0, a7 = a0;
        Vector512<float> a8 = a0, a9 = a0, a10 = a0, a11 = a0, a12 = a0, a13 = a0;
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
                    for (float* p = x; p < end; p++, weights += 16)
                    {
                        Vector512<float> u = Vector512.Load(weights);
                        a0 = Vector512.FusedMultiplyAdd(Vector512.Create(p[0]), u, a0);
                        a1 = Vector512.FusedMultiplyAdd(Vector512.Create(p[16]), u, a1);
                        a2 = Vector512.FusedMultiplyAdd(Vector512.Create(p[32]), u, a2);
                        a3 = Vector512.FusedMultiplyAdd(Vector512.Create(p[48]), u, a3);
                        a4 = Vector512.FusedMultiplyAdd(Vector512.Create(p[64]), u, a4);
                        a5 = Vector512.FusedMultiplyAdd(Vector512.Create(p[80]), u, a5);
                        a6 = Vector512.FusedMultiplyAdd(Vector512.Create(p[96]), u, a6);
                        a7 = Vector512.FusedMultiplyAdd(Vector512.Create(p[112]), u, a7);
                        a8 = Vector512.FusedMultiplyAdd(Vector512.Create(p[128]), u, a8);
                        a9 = Vector512.FusedMultiplyAdd(Vector512.Create(p[144]), u, a9);
                        a10 = Vector512.FusedMultiplyAdd(Vector512.Create(p[160]), u, a10);
                        a11 = Vector512.FusedMultiplyAdd(Vector512.Create(p[176]), u, a11);
                        a12 = Vector512.FusedMultiplyAdd(Vector512.Create(p[192]), u, a12);
                        a13 = Vector512.FusedMultiplyAdd(Vector512.Create(p[208]), u, a13);
                    }
                }
            }
        }

        a0.Store(result);
        a1.Store(result + 16);
        a2.Store(result + 32);
        a3.Store(result + 48);
        a4.Store(result + 64);
        a5.Store(result + 80);
        a6.Store(result + 96);
        a7.Store(result + 112);
        a8.Store(result + 128);
        a9.Store(result + 144);
        a10.Store(result + 160);
        a11.Store(result + 176);
        a12.Store(result + 192);
        a13.Store(result + 208);
    }
}

/// <summary>6 pixels x 16 channels in 12 registers of eight floats: AVX2, and Arm's 128-bit pairs.</summary>
internal readonly struct Tile6x16 : IConvolutionTile
{
    public static int Pixels => 6;

    public static int Lanes => 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Run(
        float* input, in ConvolutionReduction reduction, float* weights, float* bias, float* result)
    {
        Vector256<float> a0 = Vector256.Load(bias), b0 = Vector256.Load(bias + 8);
        Vector256<float> a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
        Vector256<float> b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
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
                    for (float* p = x; p < end; p++, weights += 16)
                    {
                        Vector256<float> u = Vector256.Load(weights), v = Vector256.Load(weights + 8);
                        Vector256<float> s = Vector256.Create(p[0]);
                        a0 = Vector256.FusedMultiplyAdd(s, u, a0);
                        b0 = Vector256.FusedMultiplyAdd(s, v, b0);
                        s = Vector256.Create(p[16]);
                        a1 = Vector256.FusedMultiplyAdd(s, u, a1);
                        b1 = Vector256.FusedMultiplyAdd(s, v, b1);
                        s = Vector256.Create(p[32]);
                        a2 = Vector256.FusedMultiplyAdd(s, u, a2);
                        b2 = Vector256.FusedMultiplyAdd(s, v, b2);
                        s = Vector256.Create(p[48]);
                        a3 = Vector256.FusedMultiplyAdd(s, u, a3);
                        b3 = Vector256.FusedMultiplyAdd(s, v, b3);
                        s = Vector256.Create(p[64]);
                        a4 = Vector256.FusedMultiplyAdd(s, u, a4);
                        b4 = Vector256.FusedMultiplyAdd(s, v, b4);
                        s = Vector256.Create(p[80]);
                        a5 = Vector256.FusedMultiplyAdd(s, u, a5);
                        b5 = Vector256.FusedMultiplyAdd(s, v, b5);
                    }
                }
            }
        }

        a0.Store(result);
        b0.Store(result + 8);
        a1.Store(result + 16);
        b1.Store(result + 24);
        a2.Store(result + 32);
        b2.Store(result + 40);
        a3.Store(result + 48);
        b3.Store(result + 56);
        a4.Store(result + 64);
        b4.Store(result + 72);
        a5.Store(result + 80);
        b5.Store(result + 88);
    }
}
