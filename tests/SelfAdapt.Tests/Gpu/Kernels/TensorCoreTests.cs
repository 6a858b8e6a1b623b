extern alias simulated;
using simulated::ILGPU;
using simulated::ILGPU.Runtime.Cuda;
using simulated::SelfAdapt.KernelSimulator;

namespace SelfAdapt.Tests.Gpu.Kernels;

/// <summary>The simulator's tensor core, with fragments laid out by the PTX ISA's formulas for m16n8k16.</summary>
[TestClass]
internal sealed class TensorCoreTests
{
    private const int Lanes = 32;

    [TestMethod]
    [DataRow(1f, 0x3F80u)]
    [DataRow(-2.5f, 0xC020u)]
    [DataRow(1.00390625f, 0x3F80u, DisplayName = "1 + 2^-8: a tie, to even")]
    [DataRow(1.01171875f, 0x3F82u, DisplayName = "1 + 3 * 2^-8: a tie, to even")]
    [DataRow(1.00390637f, 0x3F81u, DisplayName = "just above a tie")]
    [DataRow(3.4e38f, 0x7F80u, DisplayName = "beyond the largest: infinite")]
    [DataRow(float.NaN, 0x7FFFu)]
    [DataRow(1e-40f, 0x0001u, DisplayName = "subnormal")]
    public void Pair_OneNumber_IsRoundedToNearestEven(float value, uint expected)
    {
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out uint pair, value, 1);
        Assert.AreEqual((expected << 16) | 0x3F80, pair);
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out pair, 1, value);
        Assert.AreEqual(0x3F80_0000 | expected, pair);
    }

    [TestMethod]
    public void Product_SmallIntegers_IsExactInItsPlaces()
    {
        int[,] a = new int[16, 16];
        int[,] b = new int[16, 8];
        int[,] c = new int[16, 8];
        for (int i = 0; i < 256; i++)
        {
            a[i / 16, i % 16] = (i * 37 % 23) - 11;
            b[i / 2 / 8, i / 2 % 8] = (i * 29 % 19) - 9;
            c[i / 2 / 8, i / 2 % 8] = i - 100;
        }

        SimulatedMemory words = new(6 * Lanes * sizeof(uint));
        SimulatedMemory sums = new(4 * Lanes * sizeof(float));
        for (int lane = 0; lane < Lanes; lane++)
        {
            (int group, int thread) = (lane >> 2, lane % 4);
            for (int i = 0; i < 8; i++)
            {
                int row = i < 2 || i is 4 or 5 ? group : group + 8;
                int column = (2 * thread) + (i & 1) + (i < 4 ? 0 : 8);
                Put(words, (6 * lane) + (i / 2), i, a[row, column]);
            }

            for (int i = 0; i < 4; i++)
            {
                int row = (2 * thread) + (i & 1) + (i < 2 ? 0 : 8);
                Put(words, (6 * lane) + 4 + (i / 2), i, b[row, group]);
                sums.Values<float>(0, 4 * Lanes)[(4 * lane) + i] =
                    c[i < 2 ? group : group + 8, (2 * thread) + (i & 1)];
            }
        }

        Simulator.Launch(
            typeof(TensorCoreTests).GetMethod(nameof(Multiply))!, (1, 1, 1), (Lanes, 1, 1),
            words.View<uint>(0, 6 * Lanes), sums.View<float>(0, 4 * Lanes));

        for (int lane = 0; lane < Lanes; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane >> 2) + (i < 2 ? 0 : 8);
                int column = (lane % 4 * 2) + (i & 1);
                int expected = c[row, column] + Enumerable.Range(0, 16).Sum(k => a[row, k] * b[k, column]);
                Assert.AreEqual(expected, sums.Values<float>(0, 4 * Lanes)[(4 * lane) + i], $"lane {lane}, sum {i}");
            }
        }
    }

    /// <summary>A kernel: a lane's six words, its four sums.</summary>
    /// <param name="words">[32][6].</param>
    /// <param name="sums">[32][4].</param>
    public static void Multiply(ArrayView<uint> words, ArrayView<float> sums)
    {
        int lane = Group.IdxX;
        Ref<float> s0 = sums[4 * lane];
        Ref<float> s1 = sums[(4 * lane) + 1];
        Ref<float> s2 = sums[(4 * lane) + 2];
        Ref<float> s3 = sums[(4 * lane) + 3];
        Input<uint> a0 = words[6 * lane];
        Input<uint> a1 = words[(6 * lane) + 1];
        Input<uint> a2 = words[(6 * lane) + 2];
        Input<uint> a3 = words[(6 * lane) + 3];
        Input<uint> b0 = words[(6 * lane) + 4];
        Input<uint> b1 = words[(6 * lane) + 5];
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
            + "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        sums[4 * lane] = s0.Value;
        sums[(4 * lane) + 1] = s1.Value;
        sums[(4 * lane) + 2] = s2.Value;
        sums[(4 * lane) + 3] = s3.Value;
    }

    /// <summary>A whole number into half i % 2 of a word; small ones are exact in BF16.</summary>
    private static void Put(SimulatedMemory words, int word, int i, int value) =>
        words.Values<ushort>((4 * word) + (2 * (i % 2)), 1)[0] =
            (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
}
