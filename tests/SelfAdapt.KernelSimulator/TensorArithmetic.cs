using System;

namespace SelfAdapt.KernelSimulator;

/// <summary>
/// mma.sync m16n8k8 with TF32 operands (PTX ISA, "Matrix Fragments for mma.m16n8k8"): lane 4 g + t holds
/// a = A[g][t], A[g+8][t], A[g][t+4], A[g+8][t+4], b = B[t][g], B[t+4][g] and d = D[g][2t], D[g][2t+1], D[g+8][2t],
/// D[g+8][2t+1]. The lower 13 bits of operands are not used. The hardware's order of summation is its own.
/// </summary>
internal static class TensorArithmetic
{
    /// <summary>Adds a lane's part of the product.</summary>
    /// <param name="sums">The lane's four sums.</param>
    /// <param name="lane">Its index.</param>
    /// <param name="lanes">Of every lane the six operands.</param>
    public static void AddProduct(Span<float> sums, int lane, uint[][] lanes)
    {
        (int group, int thread) = (lane / 4, lane % 4);
        for (int i = 0; i < 4; i++)
        {
            int column = (2 * thread) + (i % 2);
            for (int k = 0; k < 8; k++)
            {
                float a = Used(lanes[(4 * group) + (k % 4)][(i / 2) + (k / 4 * 2)]);
                float b = Used(lanes[(4 * column) + (k % 4)][4 + (k / 4)]);
                sums[i] += a * b;
            }
        }
    }

    private static float Used(uint bits) => BitConverter.UInt32BitsToSingle(bits & 0xFFFFE000u);
}
