using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// The part of a matrix multiplication that convolution and weight gradient share: eight steps over a slice in shared
/// memory, [8 steps][rows + 4] beside [8 steps][columns]. Thread (x, y) owns rows 4y .. 4y+3 of the upper and of the
/// lower half and columns 4x .. 4x+3 of the left and of the right half, so that a warp reads neighbouring quads.
/// </summary>
internal static class SharedTile
{
    /// <summary>Words of a row or column in a slice; see <see cref="Operands"/>.</summary>
    public const int Depth = 8;

    /// <summary>Floats behind each step's rows: stores of neighbouring threads fall into different banks.</summary>
    public const int RowSkew = 4;

    /// <summary>The same for tensor cores, behind rows and columns: a warp's loads of a fragment do so.</summary>
    public const int TensorSkew = 8;

    /// <summary>Floats from one step's rows to the next's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowStride(int groupY, int format) =>
        (8 * groupY) + (format != Operands.Fp32 ? TensorSkew : RowSkew);

    /// <summary>Floats from one step's columns to the next's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ColumnStride(int groupX, int format) =>
        (8 * groupX) + (format != Operands.Fp32 ? TensorSkew : 0);

    /// <summary>Floats of both halves of the double buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowFloats<TTile, TPrecision>()
        where TTile : struct, ITile
        where TPrecision : struct, IPrecision =>
        2 * Depth * RowStride(default(TTile).GroupY, default(TPrecision).Format);

    /// <summary>Floats of both halves of the double buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ColumnFloats<TTile, TPrecision>()
        where TTile : struct, ITile
        where TPrecision : struct, IPrecision =>
        2 * Depth * ColumnStride(default(TTile).GroupX, default(TPrecision).Format);

    /// <summary>Adds a slice's products.</summary>
    /// <param name="rows">Row values, as quads.</param>
    /// <param name="columns">Column values, as quads.</param>
    /// <param name="slice">0 or 1: which half of the double buffer.</param>
    /// <param name="groupX">Threads along the columns.</param>
    /// <param name="groupY">Threads along the rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RegisterTile AddSlice(
        RegisterTile sums, ArrayView<Quad> rows, ArrayView<Quad> columns, int slice, int groupX, int groupY)
    {
        int rowStep = (2 * groupY) + 1;
        int columnStep = 2 * groupX;
        int row = (slice * Depth * rowStep) + Group.IdxY;
        int column = (slice * Depth * columnStep) + Group.IdxX;
        sums = AddStep(sums, rows, columns, row, column, groupX, groupY);
        sums = AddStep(sums, rows, columns, row + rowStep, column + columnStep, groupX, groupY);
        sums = AddStep(sums, rows, columns, row + (2 * rowStep), column + (2 * columnStep), groupX, groupY);
        sums = AddStep(sums, rows, columns, row + (3 * rowStep), column + (3 * columnStep), groupX, groupY);
        sums = AddStep(sums, rows, columns, row + (4 * rowStep), column + (4 * columnStep), groupX, groupY);
        sums = AddStep(sums, rows, columns, row + (5 * rowStep), column + (5 * columnStep), groupX, groupY);
        sums = AddStep(sums, rows, columns, row + (6 * rowStep), column + (6 * columnStep), groupX, groupY);
        return AddStep(sums, rows, columns, row + (7 * rowStep), column + (7 * columnStep), groupX, groupY);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RegisterTile AddStep(
        RegisterTile sums, ArrayView<Quad> rows, ArrayView<Quad> columns, int row, int column, int groupX,
        int groupY) =>
        RegisterTile.AddProducts(
            sums, rows[row], rows[row + groupY], columns[column], columns[column + groupX]);
}
