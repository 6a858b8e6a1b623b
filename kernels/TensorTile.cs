using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Kernels;

/// <summary>
/// The multiplication of a slice on tensor cores, mma.sync m16n8k8 in TF32 or m16n8k16 in BF16, sums in FP32. A warp
/// owns 64 rows x 32 columns, four by four products of 16x8; lane 4 g + t holds, of each, rows g and g + 8 at columns
/// 2 t and 2 t + 1: the sums' parts in this order are a quad. Of the factors it holds words t and t + 4 of rows g and
/// g + 8 and of column g, in either format.
/// Operands of inline assembly lie in local memory for ILGPU; the kernel tool puts them into registers.
/// </summary>
internal static class TensorTile
{
    /// <summary>Adds a slice's products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RegisterTile AddSlice(
        RegisterTile sums, ArrayView<float> rows, ArrayView<float> columns, int slice, int groupX, int groupY,
        int format)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int lane = thread & 31;
        int warp = thread >> 5;
        int warpsDown = groupY / 8;
        int rowStride = SharedTile.RowStride(groupY, format);
        int columnStride = SharedTile.ColumnStride(groupX, format);
        int step = (slice * SharedTile.Depth) + (lane & 3);
        int row = (step * rowStride) + (warp % warpsDown * 64) + (lane >> 2);
        int column = (step * columnStride) + (warp / warpsDown * 32) + (lane >> 2);
        int rowBelow = row + (4 * rowStride);
        int columnBelow = column + (4 * columnStride);
        float b0 = columns[column];
        float b1 = columns[columnBelow];
        float c0 = columns[column + 8];
        float c1 = columns[columnBelow + 8];
        float d0 = columns[column + 16];
        float d1 = columns[columnBelow + 16];
        float e0 = columns[column + 24];
        float e1 = columns[columnBelow + 24];

        Quad a = Fragment(rows, row, rowBelow);
        sums.L0 = Multiply(sums.L0, a, b0, b1, format);
        sums.L1 = Multiply(sums.L1, a, c0, c1, format);
        sums.L2 = Multiply(sums.L2, a, d0, d1, format);
        sums.L3 = Multiply(sums.L3, a, e0, e1, format);
        a = Fragment(rows, row + 16, rowBelow + 16);
        sums.L4 = Multiply(sums.L4, a, b0, b1, format);
        sums.L5 = Multiply(sums.L5, a, c0, c1, format);
        sums.L6 = Multiply(sums.L6, a, d0, d1, format);
        sums.L7 = Multiply(sums.L7, a, e0, e1, format);
        a = Fragment(rows, row + 32, rowBelow + 32);
        sums.R0 = Multiply(sums.R0, a, b0, b1, format);
        sums.R1 = Multiply(sums.R1, a, c0, c1, format);
        sums.R2 = Multiply(sums.R2, a, d0, d1, format);
        sums.R3 = Multiply(sums.R3, a, e0, e1, format);
        a = Fragment(rows, row + 48, rowBelow + 48);
        sums.R4 = Multiply(sums.R4, a, b0, b1, format);
        sums.R5 = Multiply(sums.R5, a, c0, c1, format);
        sums.R6 = Multiply(sums.R6, a, d0, d1, format);
        sums.R7 = Multiply(sums.R7, a, e0, e1, format);
        return sums;
    }

    /// <summary>Writes the thread's sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(
        ConvolutionOutput to, RegisterTile sums, int firstPixel, int firstOutput, int groupX, int groupY)
    {
        int thread = (Group.IdxY * groupX) + Group.IdxX;
        int lane = thread & 31;
        int warp = thread >> 5;
        int warpsDown = groupY / 8;
        int pixel = firstPixel + (warp % warpsDown * 64) + (lane >> 2);
        int output = firstOutput + (warp / warpsDown * 32) + ((lane & 3) * 2);
        Quad left = Quad.Of(
            ConvolutionOutput.Bias(to, output), ConvolutionOutput.Bias(to, output + 1),
            ConvolutionOutput.Bias(to, output + 8), ConvolutionOutput.Bias(to, output + 9));
        Quad right = Quad.Of(
            ConvolutionOutput.Bias(to, output + 16), ConvolutionOutput.Bias(to, output + 17),
            ConvolutionOutput.Bias(to, output + 24), ConvolutionOutput.Bias(to, output + 25));
        WriteRows(to, pixel, output, left, right, sums.L0, sums.L1, sums.L2, sums.L3);
        WriteRows(to, pixel + 16, output, left, right, sums.L4, sums.L5, sums.L6, sums.L7);
        WriteRows(to, pixel + 32, output, left, right, sums.R0, sums.R1, sums.R2, sums.R3);
        WriteRows(to, pixel + 48, output, left, right, sums.R4, sums.R5, sums.R6, sums.R7);
    }

    /// <summary>Rows g and g + 8 of four products side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteRows(
        ConvolutionOutput to, int pixel, int output, Quad left, Quad right, Quad a, Quad b, Quad c, Quad d)
    {
        ConvolutionOutput.WritePairs(
            to, pixel, output, Quad.Add(left, Quad.Of(a.X, a.Y, b.X, b.Y)),
            Quad.Add(right, Quad.Of(c.X, c.Y, d.X, d.Y)));
        ConvolutionOutput.WritePairs(
            to, pixel + 8, output, Quad.Add(left, Quad.Of(a.Z, a.W, b.Z, b.W)),
            Quad.Add(right, Quad.Of(c.Z, c.W, d.Z, d.W)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad Fragment(ArrayView<float> rows, int row, int rowBelow) =>
        Quad.Of(rows[row], rows[row + 8], rows[rowBelow], rows[rowBelow + 8]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Quad Multiply(Quad sums, Quad a, float b0, float b1, int format)
    {
        Ref<float> s0 = sums.X;
        Ref<float> s1 = sums.Y;
        Ref<float> s2 = sums.Z;
        Ref<float> s3 = sums.W;
        Input<uint> a0 = Interop.FloatAsInt(a.X);
        Input<uint> a1 = Interop.FloatAsInt(a.Y);
        Input<uint> a2 = Interop.FloatAsInt(a.Z);
        Input<uint> a3 = Interop.FloatAsInt(a.W);
        Input<uint> c0 = Interop.FloatAsInt(b0);
        Input<uint> c1 = Interop.FloatAsInt(b1);
        if (format == Operands.Bf16)
        {
            CudaAsm.EmitRef(
                "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                + "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
                ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref c0, ref c1);
        }
        else
        {
            CudaAsm.EmitRef(
                "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                + "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
                ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref c0, ref c1);
        }

        return Quad.Of(s0.Value, s1.Value, s2.Value, s3.Value);
    }
}
