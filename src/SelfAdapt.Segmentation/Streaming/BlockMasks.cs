using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>Receives rows of labels from the top down.</summary>
/// <param name="rows">[rows, width], whole rows.</param>
internal delegate void LabelRows(ReadOnlySpan<int> rows);

/// <summary>
/// Finds cells block by block. A block is its core and a margin around it; of the cells found in it those are kept whose
/// box has its centre in the core. The cores cover the image without overlap, so a cell that is at most as long as the
/// margin is found complete by the block that keeps it, and kept by no other.
/// </summary>
internal sealed class BlockMasks
{
    private readonly OutputDescription _outputs;
    private readonly SegmentationOptions _options;
    private readonly BlockGrid _grid;
    private readonly IBlockSink _sink;
    private readonly Image _band;
    private readonly int _end;
    private int _top;
    private int _filled;
    private int _coreTop;

    /// <param name="sink">Receives what the blocks keep.</param>
    /// <param name="coreTop">The first row of cores.</param>
    /// <param name="end">The row behind the last cores.</param>
    public BlockMasks(
        OutputDescription outputs, SegmentationOptions options, BlockGrid grid, IBlockSink sink, int coreTop, int end)
    {
        (_outputs, _grid, _sink) = (outputs, grid, sink);
        _options = options with { ExcludeOnEdges = false };
        ExcludesAtBorder = options.ExcludeOnEdges;
        (_coreTop, _end) = (coreTop, Math.Min(grid.Height, end));
        _top = grid.Top(_coreTop);
        _band = ImagePreparation.Blank(
            outputs.Channels, Math.Min(grid.Height, grid.Core + (2 * grid.Margin)), grid.Width);
    }

    /// <summary>Whether all bands are complete.</summary>
    public bool IsDone => _coreTop >= _end;

    private bool ExcludesAtBorder { get; }

    private int BandEnd => _grid.End(_coreTop);

    /// <summary>Takes the next rows of the network's outputs, at the size of the image; those behind the last band are left.</summary>
    /// <param name="rows">[outputs, n, width].</param>
    public void Add(Image rows)
    {
        for (int taken = 0; taken < rows.Height && !IsDone;)
        {
            int count = Math.Min(rows.Height - taken, BandEnd - _top - _filled);
            ImagePreparation.CopyPart(rows, taken, 0, _band, _filled, 0, count, _grid.Width);
            taken += count;
            _filled += count;
            while (!IsDone && _top + _filled == BandEnd)
            {
                FinishBand();
            }
        }
    }

    private void FinishBand()
    {
        for (int left = 0; left < _grid.Width; left += _grid.Core)
        {
            FinishBlock(left);
        }

        _sink.EndBand(_coreTop);
        _coreTop += _grid.Core;
        int rows = Math.Max(0, Math.Min(_grid.Height, _grid.Top(_coreTop)) - _top);
        _filled -= rows;
        ImagePreparation.CopyPart(_band, rows, 0, _band, 0, 0, _band.Height - rows, _grid.Width);
        _top += rows;
    }

    private void FinishBlock(int coreLeft)
    {
        int top = _grid.Top(_coreTop);
        int left = Math.Max(0, coreLeft - _grid.Margin);
        Image block = ImagePreparation.Blank(
            _band.Channels, BandEnd - top, Math.Min(_grid.Width, coreLeft + _grid.Core + _grid.Margin) - left);
        ImagePreparation.CopyPart(_band, top - _top, left, block, 0, 0, block.Height, block.Width);
        LabelImage masks = FlowMasks.ComputePart(block, _outputs, _options, (_grid.Height, _grid.Width), (top, left));
        LabelRegion[] regions = LabelRegions.Find(masks, masks.Labels.Max());
        bool[] own = Array.ConvertAll(regions, r => IsOwn(r, top, left, coreLeft));
        for (int i = 0; i < masks.Labels.Length; i++)
        {
            if (masks.Labels[i] > 0 && !own[masks.Labels[i] - 1])
            {
                masks.Labels[i] = 0;
            }
        }

        _sink.Add(new BlockCells(top, left, masks));

        // Arrays of this size would pile up until the next collection, beyond the memory that was granted.
        GC.Collect();
    }

    private bool IsOwn(in LabelRegion region, int top, int left, int coreLeft)
    {
        int y = top + ((region.Top + region.Bottom) / 2);
        int x = left + ((region.Left + region.Right) / 2);
        bool atBorder = top + region.Top == 0 || left + region.Left == 0
            || top + region.Bottom == _grid.Height - 1 || left + region.Right == _grid.Width - 1;
        return y >= _coreTop && y < _coreTop + _grid.Core && x >= coreLeft && x < coreLeft + _grid.Core
            && !(ExcludesAtBorder && atBorder);
    }
}
