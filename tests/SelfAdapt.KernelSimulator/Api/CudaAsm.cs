using SelfAdapt.KernelSimulator;

namespace ILGPU.Runtime.Cuda;

/// <summary>An operand of inline assembly that is read.</summary>
/// <typeparam name="T">Its type.</typeparam>
public struct Input<T>
    where T : struct
{
    /// <summary>The value.</summary>
    public T Value { get; set; }

    /// <summary>Wraps a value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator Input<T>(T value) => new() { Value = value };
}

/// <summary>An operand of inline assembly that is read and written.</summary>
/// <typeparam name="T">Its type.</typeparam>
public struct Ref<T>
    where T : struct
{
    /// <summary>The value.</summary>
    public T Value { get; set; }

    /// <summary>Wraps a value.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator Ref<T>(T value) => new() { Value = value };
}

/// <summary>Inline assembly: the instructions that the kernels use.</summary>
public static class CudaAsm
{
    private const string Registers = "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};";
    private const string Tf32Product = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 " + Registers;
    private const string Bf16Product = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 " + Registers;
    private const string Bf16Pair = "cvt.rn.bf16x2.f32 %0, %1, %2;";

    /// <summary>Two numbers in BF16 as one word.</summary>
    /// <param name="asm">cvt.rn.bf16x2.f32.</param>
    /// <param name="pair">The word.</param>
    /// <param name="high">Comes into the upper half.</param>
    /// <param name="low">Comes into the lower half.</param>
    public static void Emit(string asm, out uint pair, float high, float low) =>
        pair = asm == Bf16Pair ? TensorArithmetic.Bf16Pair(high, low) : throw Unknown(asm);

    /// <summary>d += a b on a tensor core; all lanes of the warp take part.</summary>
    /// <param name="asm">mma.sync m16n8k8 in TF32 or m16n8k16 in BF16.</param>
    /// <param name="d0">First of the lane's sums.</param>
    /// <param name="d1">Second.</param>
    /// <param name="d2">Third.</param>
    /// <param name="d3">Fourth.</param>
    /// <param name="a0">First of the lane's row words, as bits.</param>
    /// <param name="a1">Second.</param>
    /// <param name="a2">Third.</param>
    /// <param name="a3">Fourth.</param>
    /// <param name="b0">First of the lane's column words.</param>
    /// <param name="b1">Second.</param>
    public static void EmitRef(
        string asm, ref Ref<float> d0, ref Ref<float> d1, ref Ref<float> d2, ref Ref<float> d3, ref Input<uint> a0,
        ref Input<uint> a1, ref Input<uint> a2, ref Input<uint> a3, ref Input<uint> b0, ref Input<uint> b1)
    {
        if (asm is not (Tf32Product or Bf16Product))
        {
            throw Unknown(asm);
        }

        DeviceThread thread = DeviceThread.Current;
        uint[][] lanes = thread.Group.ExchangeAll([a0.Value, a1.Value, a2.Value, a3.Value, b0.Value, b1.Value]);
        Span<float> sums = [d0.Value, d1.Value, d2.Value, d3.Value];
        TensorArithmetic.AddProduct(sums, thread.Linear % GroupRun.WarpSize, lanes, asm == Bf16Product);
        (d0.Value, d1.Value, d2.Value, d3.Value) = (sums[0], sums[1], sums[2], sums[3]);
    }

    private static SimulationException Unknown(string asm) =>
        new($"The simulator does not know the assembly \"{asm}\".");
}
