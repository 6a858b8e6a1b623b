using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Kernels;

/// <summary>
/// What a matrix multiplication's factors are in shared memory: words. A word is a step's value in FP32 and TF32; in
/// BF16 it is two, of step s in its lower half and of step s + 8 in its upper one, so that a slice of as many words
/// has twice the steps. Which steps a tensor core takes for neighbours is free as long as rows and columns agree: so a
/// thread makes words of what it fetches anyway, and layout and loads are the same in all formats.
/// </summary>
internal static class Operands
{
    /// <summary>Values as they are.</summary>
    public const int Fp32 = 0;

    /// <summary>11 significant bits.</summary>
    public const int Tf32 = 1;

    /// <summary>8 significant bits, two values in a word.</summary>
    public const int Bf16 = 2;

    /// <summary>Steps in a slice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Steps(int format) => format == Bf16 ? 2 * SharedTile.Depth : SharedTile.Depth;

    /// <summary>A quad of words.</summary>
    /// <param name="low">The values of a step.</param>
    /// <param name="high">Those of the step eight further; BF16 alone uses them.</param>
    /// <param name="format">One of the formats, a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Words(Quad low, Quad high, int format)
    {
        if (format == Bf16)
        {
            return Quad.Of(
                Paired(low.X, high.X), Paired(low.Y, high.Y), Paired(low.Z, high.Z), Paired(low.W, high.W));
        }

        return format == Tf32
            ? Quad.Of(Rounded(low.X), Rounded(low.Y), Rounded(low.Z), Rounded(low.W))
            : low;
    }

    /// <summary>Rounded to nearest TF32, ties away from zero; a NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Rounded(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        return (bits & 0x7FFFFFFFu) > 0x7F800000u ? value : Interop.IntAsFloat((bits + 0x1000u) & 0xFFFFE000u);
    }

    /// <summary>Two values rounded to nearest BF16, ties to even, as the bits of one float.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Paired(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out uint pair, high, low);
        return Interop.IntAsFloat(pair);
    }
}

/// <summary>
/// What a thread fetches of eight steps, zero where it does not: up to four quads for rows, up to two for columns.
/// </summary>
internal struct FetchedQuads
{
    public Quad R0;
    public Quad R1;
    public Quad R2;
    public Quad R3;
    public Quad C0;
    public Quad C1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FetchedQuads None()
    {
        FetchedQuads f;
        f.R0 = f.R1 = f.R2 = f.R3 = f.C0 = f.C1 = Quad.All(0);
        return f;
    }
}
