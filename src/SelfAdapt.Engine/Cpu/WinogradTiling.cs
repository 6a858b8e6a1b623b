using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

/// <summary>How a batch of images is cut into Winograd tiles: numbered along rows, then down, then by sample.</summary>
internal readonly struct WinogradTiling(TensorShape shape)
{
    /// <summary>Tiles along a row.</summary>
    public int Columns { get; } = (shape.W + Winograd.Tile - 1) / Winograd.Tile;

    /// <summary>Rows of tiles of a sample.</summary>
    public int Rows { get; } = (shape.H + Winograd.Tile - 1) / Winograd.Tile;

    public int Count => shape.N * Rows * Columns;
}

/// <summary>Consecutive tiles of one row of tiles.</summary>
/// <param name="Offset">The first tile's place in the range that was asked for.</param>
internal readonly record struct TileRun(int Sample, int Row, int Column, int Count, int Offset);

/// <summary>Cuts a range of tiles into runs.</summary>
internal struct TileRuns(WinogradTiling tiling, int first, int count)
{
    private int _done;

    /// <summary>The next run.</summary>
    /// <returns>False at the end.</returns>
    public bool Next(out TileRun run)
    {
        if (_done == count)
        {
            run = default;
            return false;
        }

        int tile = first + _done;
        (int row, int column) = Math.DivRem(tile, tiling.Columns);
        int length = Math.Min(count - _done, tiling.Columns - column);
        run = new TileRun(row / tiling.Rows, row % tiling.Rows, column, length, _done);
        _done += length;
        return true;
    }
}
