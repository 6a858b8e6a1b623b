namespace SelfAdapt.KernelSimulator;

/// <summary>
/// Products of tensor cores as the PTX ISA lays them out (9.7.14, "Matrix Fragments for mma.m16n8k8" and "... m16n8k16").
/// Both: of the sums lane 4 g + t holds D[g][2t], D[g][2t+1], D[g+8][2t], D[g+8][2t+1].
/// TF32, m16n8k8: a = A[g][t], A[g+8][t], A[g][t+4], A[g+8][t+4], b = B[t][g], B[t+4][g]; their lower 13 bits are not
/// used. BF16, m16n8k16: words of two, the lower half first, a = A[g][2t, 2t+1], A[g+8][2t, 2t+1], A[g][2t+8, 2t+9],
/// A[g+8][2t+8, 2t+9], b = B[2t, 2t+1][g], B[2t+8, 2t+9][g]. The hardware's order of summation is its own.
/// </summary>
internal static class TensorArithmetic
{
    private const int FirstOfB = 4;
    private const uint Bf16NaN = 0x7FFF;

    /// <summary>Adds a lane's part of the product.</summary>
    /// <param name="sums">The lane's four sums.</param>
    /// <param name="lane">Its index.</param>
    /// <param name="lanes">Of every lane the six operands.</param>
    /// <param name="bf16">m16n8k16 in BF16, not m16n8k8 in TF32.</param>
    public static void AddProduct(Span<float> sums, int lane, uint[][] lanes, bool bf16)
    {
        (int group, int thread) = (lane / 4, lane % 4);
        for (int i = 0; i < 4; i++)
        {
            int below = i / 2;
            int column = (2 * thread) + (i % 2);
            for (int k = 0; k < (bf16 ? 16 : 8); k++)
            {
                // Eight steps are four lanes' pairs, or two words of four lanes each.
                (int owner, int word) = bf16 ? (k % 8 / 2, k / 8) : (k % 4, k / 4);
                uint a = lanes[(4 * group) + owner][below + (2 * word)];
                uint b = lanes[(4 * column) + owner][FirstOfB + word];
                sums[i] += bf16 ? Half(a, k % 2) * Half(b, k % 2) : Tf32(a) * Tf32(b);
            }
        }
    }

    /// <summary>Two numbers rounded to nearest BF16, ties to even, as one word.</summary>
    /// <param name="high">Comes into the upper half.</param>
    /// <param name="low">Comes into the lower half.</param>
    public static uint Bf16Pair(float high, float low) => (Bf16(high) << 16) | Bf16(low);

    private static uint Bf16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? Bf16NaN : (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16;
    }

    private static float Half(uint pair, int upper) =>
        BitConverter.UInt32BitsToSingle(upper != 0 ? pair & 0xFFFF0000u : pair << 16);

    private static float Tf32(uint bits) => BitConverter.UInt32BitsToSingle(bits & 0xFFFFE000u);
}
