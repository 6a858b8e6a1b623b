namespace SelfAdapt.Segmentation.Streaming;

/// <summary>Paints what blocks keep into one image, band by band: each cell where no other is, numbered from 1 in their order.</summary>
internal sealed class BlockPainter : IBlockSink
{
    private readonly BlockGrid _grid;
    private readonly LabelRows _sink;
    private readonly Action<MaskProgress>? _mark;
    private readonly int[] _labels;
    private int _top;

    /// <param name="from">Where an earlier run was broken off; null to begin at the top.</param>
    /// <param name="mark">Receives how far the masks are, after the rows that became final with it.</param>
    public BlockPainter(BlockGrid grid, LabelRows sink, MaskProgress? from = null, Action<MaskProgress>? mark = null)
    {
        (_grid, _sink, _mark) = (grid, sink, mark);
        _labels = new int[Math.Min(grid.Height, grid.Core + (2 * grid.Margin)) * grid.Width];
        if (from is not null)
        {
            (_top, Cells) = (from.Top, from.Cells);
            from.Begun.CopyTo(_labels, 0);
        }
    }

    public int Cells { get; private set; }

    public void Add(BlockCells block)
    {
        (int height, int width) = (block.Cells.Height, block.Cells.Width);
        int[] numbers = new int[block.Cells.Labels.Max()];
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<int> row = block.Cells.Labels.AsSpan(y * width, width);
            Span<int> target = _labels.AsSpan(((block.Top + y - _top) * _grid.Width) + block.Left, width);
            for (int x = 0; x < width; x++)
            {
                if (row[x] > 0 && target[x] == 0)
                {
                    // Each gets its number with its first pixel.
                    ref int number = ref numbers[row[x] - 1];
                    number = number == 0 ? ++Cells : number;
                    target[x] = number;
                }
            }
        }
    }

    public void EndBand(int coreTop)
    {
        // The next band's cells reach up to its margin: rows above that are done.
        int next = coreTop + _grid.Core;
        int final = next >= _grid.Height ? _grid.Height : Math.Max(_top, _grid.Top(next));
        int done = (final - _top) * _grid.Width;
        _sink(_labels.AsSpan(0, done));
        _labels.AsSpan(done).CopyTo(_labels);
        _labels.AsSpan(_labels.Length - done).Clear();
        _top = final;
        if (next < _grid.Height)
        {
            _mark?.Invoke(new MaskProgress(_top, next, Cells, _labels[..((_grid.End(coreTop) - _top) * _grid.Width)]));
        }
    }
}
