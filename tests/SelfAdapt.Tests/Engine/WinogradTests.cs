using System.Runtime.Intrinsics;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Tests.Engine;

/// <summary>Winograd's transforms of one tile, at each vector width, against sums of products.</summary>
[TestClass]
public sealed unsafe class WinogradTests
{
    private const int Lanes = CpuTensor.Block;
    private const int Patch = Winograd.Patch;
    private const int Tile = Winograd.Tile;
    private const double Tolerance = 1e-5;

    private readonly float[] _pixels = OperationCase.Noise(Patch * Patch * Lanes, 1);
    private readonly float[] _weights = OperationCase.Noise(9 * Lanes, 2);
    private readonly float[] _gradient = OperationCase.Noise(Tile * Tile * Lanes, 3);
    private readonly float[] _shift = OperationCase.Noise(Lanes, 4);
    private readonly float[] _residual = OperationCase.Noise(Tile * Tile * Lanes, 5);

    [TestMethod]
    public void Transforms_Vectors128_AreAConvolution() => Check<Simd128, Vector128<float>>();

    [TestMethod]
    public void Transforms_Vectors256_AreAConvolution()
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            Assert.Inconclusive("not run: this processor has no such vectors");
        }

        Check<Simd256, Vector256<float>>();
    }

    [TestMethod]
    public void Transforms_Vectors512_AreAConvolution()
    {
        if (!Vector512.IsHardwareAccelerated)
        {
            Assert.Inconclusive("not run: this processor has no such vectors");
        }

        Check<Simd512, Vector512<float>>();
    }

    private void Check<TSimd, TVector>()
        where TSimd : struct, ISimd<TVector>
        where TVector : struct
    {
        CpuKernels kernels = new CpuKernels<
            TSimd, TVector, ProductTile6x2<TSimd, TVector>, ProductTile6x2<TSimd, TVector>,
            OuterProductTile4x2<TSimd, TVector>, OuterProductTile4x2<TSimd, TVector>>();
        float[] input = new float[Winograd.Points * Lanes];
        float[] taps = new float[Winograd.Points * Lanes];
        float[] outputs = new float[Winograd.Points * Lanes];
        float[] result = new float[Tile * Tile * Lanes];
        float[] weightGradient = new float[9 * Lanes];
        using CpuMemory aligned = new(result.Length * sizeof(float), "tests");
        fixed (float* pixels = _pixels, weights = _weights, gradient = _gradient, shift = _shift, residual = _residual)
        fixed (float* x = input, w = taps, dy = outputs, dw = weightGradient)
        {
            kernels.WinogradInput(pixels, Patch * Lanes, default, 1, x, Lanes);
            kernels.WinogradWeights(weights, w, Lanes);
            float[] products = Products(input, taps);
            fixed (float* p = products)
            {
                foreach (bool through in (bool[])[false, true])
                {
                    float* y = (float*)aligned.Data;
                    kernels.WinogradOutput(p, Lanes, Lanes, 1, y, Tile * Lanes, shift, residual, through);
                    new Span<float>(y, result.Length).CopyTo(result);
                    CheckEach(result, Convolved);
                }
            }

            kernels.WinogradGradient(gradient, Tile * Lanes, 1, dy, Lanes);
            float[] sums = Products(input, outputs);
            fixed (float* p = sums)
            {
                kernels.WinogradWeightGradient(p, Lanes, dw);
            }

            CheckEach(weightGradient, WeightGradient);
        }
    }

    private static float[] Products(float[] a, float[] b) => [.. a.Zip(b, (p, q) => p * q)];

    private double Convolved(int at)
    {
        (int row, int column, int lane) = (at / Lanes / Tile, at / Lanes % Tile, at % Lanes);
        double sum = _shift[lane] + _residual[at];
        for (int tap = 0; tap < 9; tap++)
        {
            sum += (double)Pixel(row + (tap / 3), column + (tap % 3), lane) * _weights[(tap * Lanes) + lane];
        }

        return sum;
    }

    private double WeightGradient(int at)
    {
        (int tap, int lane) = (at / Lanes, at % Lanes);
        return Enumerable.Range(0, Tile * Tile).Sum(p =>
            (double)Pixel((p / Tile) + (tap / 3), (p % Tile) + (tap % 3), lane) * _gradient[(p * Lanes) + lane]);
    }

    private float Pixel(int row, int column, int lane) => _pixels[(((row * Patch) + column) * Lanes) + lane];

    private static void CheckEach(float[] values, Func<int, double> expected)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Assert.AreEqual(expected(i), values[i], Tolerance, $"at {i}");
        }
    }
}
