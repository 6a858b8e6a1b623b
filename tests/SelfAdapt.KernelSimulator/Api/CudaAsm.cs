using System;
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

/// <summary>Inline assembly: the one instruction that the kernels use.</summary>
public static class CudaAsm
{
    private const string TensorProduct =
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        + "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};";

    /// <summary>d += a b on a tensor core; all lanes of the warp take part.</summary>
    /// <param name="asm">mma.sync m16n8k8 in TF32.</param>
    /// <param name="d0">First of the lane's sums.</param>
    /// <param name="d1">Second.</param>
    /// <param name="d2">Third.</param>
    /// <param name="d3">Fourth.</param>
    /// <param name="a0">First of the lane's row values, as bits.</param>
    /// <param name="a1">Second.</param>
    /// <param name="a2">Third.</param>
    /// <param name="a3">Fourth.</param>
    /// <param name="b0">First of the lane's column values.</param>
    /// <param name="b1">Second.</param>
    public static void EmitRef(
        string asm, ref Ref<float> d0, ref Ref<float> d1, ref Ref<float> d2, ref Ref<float> d3, ref Input<uint> a0,
        ref Input<uint> a1, ref Input<uint> a2, ref Input<uint> a3, ref Input<uint> b0, ref Input<uint> b1)
    {
        if (asm != TensorProduct)
        {
            throw new SimulationException($"The simulator does not know the assembly \"{asm}\".");
        }

        DeviceThread thread = DeviceThread.Current;
        uint[][] lanes = thread.Group.ExchangeAll([a0.Value, a1.Value, a2.Value, a3.Value, b0.Value, b1.Value]);
        Span<float> sums = [d0.Value, d1.Value, d2.Value, d3.Value];
        TensorArithmetic.AddProduct(sums, thread.Linear % GroupRun.WarpSize, lanes);
        (d0.Value, d1.Value, d2.Value, d3.Value) = (sums[0], sums[1], sums[2], sums[3]);
    }
}
