namespace SelfAdapt.Models.Graph;

/// <summary>
/// A <see cref="Orientation"/> as index arithmetic. A step down (row + 1) in the turned image is the step
/// (RowFromRow, ColumnFromRow) in the original, a step right the step (RowFromColumn, ColumnFromColumn). The
/// same four numbers turn a vector field's components back (table in docs/method.md).
/// </summary>
internal readonly record struct OrientationMap(
    int RowFromRow, int RowFromColumn, int ColumnFromRow, int ColumnFromColumn)
{
    /// <summary>True where rows become columns: the turned image is W x H.</summary>
    public bool SwapsAxes => RowFromRow == 0;

    public static OrientationMap Of(Orientation view) => view switch
    {
        Orientation.Identity => new(1, 0, 0, 1),
        Orientation.FlipRows => new(-1, 0, 0, 1),
        Orientation.FlipColumns => new(1, 0, 0, -1),
        Orientation.Rotate90 => new(0, 1, -1, 0),
        Orientation.Rotate180 => new(-1, 0, 0, -1),
        Orientation.Rotate270 => new(0, -1, 1, 0),
        Orientation.Transpose => new(0, 1, 1, 0),
        Orientation.AntiTranspose => new(0, -1, -1, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(view), view, "This is not one of the eight views."),
    };

    /// <summary>The view that undoes this one: the transposed matrix.</summary>
    public OrientationMap Inverse() => new(RowFromRow, ColumnFromRow, RowFromColumn, ColumnFromColumn);

    /// <summary>
    /// Where the turned image's pixel (i, j) lies in the original's plane: origin + i * down + j * right.
    /// </summary>
    public (int Origin, int Down, int Right) Strides(int height, int width)
    {
        int row = RowFromRow + RowFromColumn < 0 ? height - 1 : 0;
        int column = ColumnFromRow + ColumnFromColumn < 0 ? width - 1 : 0;
        return (
            (row * width) + column,
            (RowFromRow * width) + ColumnFromRow,
            (RowFromColumn * width) + ColumnFromColumn);
    }
}

/// <summary>A weak view: the eight flips and turns of a square (dihedral group).</summary>
internal enum Orientation
{
    Identity,

    /// <summary>Rows reversed (up-down).</summary>
    FlipRows,

    /// <summary>Columns reversed (left-right).</summary>
    FlipColumns,

    /// <summary>A quarter turn counter-clockwise: out[i,j] = in[j, W-1-i].</summary>
    Rotate90,

    Rotate180,

    /// <summary>A quarter turn clockwise: out[i,j] = in[H-1-j, i].</summary>
    Rotate270,

    /// <summary>Mirrored at the main diagonal: out[i,j] = in[j,i].</summary>
    Transpose,

    /// <summary>Mirrored at the other diagonal: out[i,j] = in[H-1-j, W-1-i].</summary>
    AntiTranspose,
}
