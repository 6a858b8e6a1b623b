using System.Runtime.Intrinsics.X86;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// Fetches the pixels of a range of Winograd tiles into the cache bit by bit, while something else is computed:
/// memory and arithmetic then take their time together instead of one after the other.
/// </summary>
/// <remarks>Only the rows that a tile has for itself: the two above it came with the tiles above.</remarks>
internal struct TilePrefetch
{
    private readonly CpuTensor? _tensor;
    private readonly int _firstBlock;
    private readonly int _blocks;
    private TileRuns _runs;
    private TileRun _run;
    private int _block;
    private int _row;
    private int _lines;
    private readonly int _total;
    private int _issued;
    private int _steps;

    public TilePrefetch(CpuTensor tensor, WinogradTiling tiling, int first, int count)
        : this(tensor, tiling, first, count, 0, tensor.Blocks)
    {
    }

    public TilePrefetch(CpuTensor tensor, WinogradTiling tiling, int first, int count, int firstBlock, int blocks)
    {
        (_firstBlock, _blocks) = (firstBlock, blocks);
        _total = count * blocks * Winograd.Tile * Winograd.Tile;
        if (Sse.IsSupported && count > 0)
        {
            _tensor = tensor;
            _runs = new TileRuns(tiling, first, count);
            _runs.Next(out _run);
        }
    }

    /// <summary>Does one of so many equal parts of the work.</summary>
    public unsafe void Advance(int parts)
    {
        if (_tensor is null)
        {
            return;
        }

        _steps++;
        while (_issued < (long)_total * _steps / parts)
        {
            int left = (_run.Count * Winograd.Tile) - _lines;
            float* line = _tensor.Plane(_run.Sample, _firstBlock + _block)
                + (((((nint)_run.Row * Winograd.Tile) + 2 + _row) * _tensor.RowPixels)
                    + (_run.Column * Winograd.Tile) + 1 + _lines) * CpuTensor.Block;
            int now = int.Min(left, 16);
            if ((_run.Row * Winograd.Tile) + _row + 1 < _tensor.Shape.H)
            {
                for (int i = 0; i < now; i++)
                {
                    Sse.Prefetch1(line + (i * CpuTensor.Block));
                }
            }

            _issued += now;
            _lines += now;
            if (now == left)
            {
                NextRow();
            }
        }
    }

    private void NextRow()
    {
        _lines = 0;
        if (++_row == Winograd.Tile)
        {
            _row = 0;
            if (++_block == _blocks)
            {
                _block = 0;
                _runs.Next(out _run);
            }
        }
    }
}
