using System.Runtime.CompilerServices;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// Normalisation of one channel block as three runs of 16 floats: mean, factor (scale / sqrt(variance + eps)), bias;
/// then the floor (0 with a ReLU behind it, else minus infinity) sixteen times.
/// </summary>
/// <remarks>
/// The mean is taken first: that costs a subtraction and keeps the digits. With x * factor + (bias - mean * factor)
/// and means far above the deviation, as in Cellpose's decoder, gradients were off by 1e-3.
/// </remarks>
/// <param name="Data">[4][16], or null for none.</param>
internal readonly unsafe record struct NormFactors(nint Data)
{
    public const int Floats = 4 * CpuTensor.Block;

    public bool IsNone => Data == 0;

    public float* Pointer => (float*)Data;
}

/// <summary>A register's share of <see cref="NormFactors"/>.</summary>
internal readonly unsafe ref struct Normalizer<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private readonly TVector _mean;
    private readonly TVector _factor;
    private readonly TVector _bias;
    private readonly TVector _floor;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Normalizer(NormFactors norm, int lane)
    {
        float* p = norm.Pointer + lane;
        _mean = TSimd.Load(p);
        _factor = TSimd.Load(p + CpuTensor.Block);
        _bias = TSimd.Load(p + (2 * CpuTensor.Block));
        _floor = TSimd.Load(p + (3 * CpuTensor.Block));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TVector Apply(TVector x) =>
        TSimd.Max(TSimd.MultiplyAdd(TSimd.Subtract(x, _mean), _factor, _bias), _floor);
}
