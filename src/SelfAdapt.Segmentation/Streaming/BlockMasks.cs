using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>Receives rows of labels from the top down.</summary>
/// <param name="rows">[rows, width], whole rows.</param>
internal delegate void LabelRows(ReadOnlySpan<int> rows);

/// <summary>
/// Builds masks block by block. A block is its core and a margin around it; of the cells found in it those are kept whose
/// box has its centre in the core. The cores cover the image without overlap, so a cell that is at most as long as the
/// margin is found complete by the block that keeps it, and kept by no other.
/// </summary>
internal sealed class BlockMasks
{
    private readonly OutputDescription _outputs;
    private readonly SegmentationOptions _options;
    private readonly int _height;
    private readonly int _width;
    private readonly int _core;
    private readonly int _margin;
    private readonly LabelRows _sink;
    private readonly Action<MaskProgress>? _mark;
    private readonly Image _band;
    private readonly int[] _labels;
    private int _top;
    private int _filled;
    private int _coreTop;

    /// <param name="mark">Receives how far the masks are, after the rows that became final with it.</param>
    public BlockMasks(
        OutputDescription outputs, SegmentationOptions options, int height, int width, int core, int margin,
        LabelRows sink, MaskProgress? from = null, Action<MaskProgress>? mark = null)
    {
        (_outputs, _height, _width, _core, _margin, _sink) = (outputs, height, width, core, margin, sink);
        _options = options with { ExcludeOnEdges = false };
        ExcludesAtBorder = options.ExcludeOnEdges;
        int rows = Math.Min(height, core + (2 * margin));
        _band = ImagePreparation.Blank(outputs.Channels, rows, width);
        _labels = new int[rows * width];
        _mark = mark;
        if (from is not null)
        {
            (_top, _coreTop, Cells) = (from.Top, from.CoreTop, from.Cells);
            from.Begun.CopyTo(_labels, 0);
        }
    }

    public int Cells { get; private set; }

    private bool ExcludesAtBorder { get; }

    private int BandEnd => Math.Min(_height, _coreTop + _core + _margin);

    /// <summary>Takes the next rows of the network's outputs, at the size of the image.</summary>
    /// <param name="rows">[outputs, n, width].</param>
    public void Add(Image rows)
    {
        for (int taken = 0; taken < rows.Height;)
        {
            int count = Math.Min(rows.Height - taken, BandEnd - _top - _filled);
            ImagePreparation.CopyPart(rows, taken, 0, _band, _filled, 0, count, _width);
            taken += count;
            _filled += count;
            while (_coreTop < _height && _top + _filled == BandEnd)
            {
                FinishBand();
            }
        }
    }

    private void FinishBand()
    {
        for (int left = 0; left < _width; left += _core)
        {
            FinishBlock(left);
        }

        // The next band's cells reach up to its margin: rows above that are done.
        _coreTop += _core;
        int final = _coreTop >= _height ? _height : Math.Max(_top, _coreTop - _margin);
        int rows = final - _top;
        _sink(_labels.AsSpan(0, rows * _width));
        _filled -= rows;
        _labels.AsSpan(rows * _width).CopyTo(_labels);
        _labels.AsSpan(_labels.Length - (rows * _width)).Clear();
        ImagePreparation.CopyPart(_band, rows, 0, _band, 0, 0, _band.Height - rows, _width);
        _top = final;
        if (_coreTop < _height)
        {
            _mark?.Invoke(new MaskProgress(_top, _coreTop, Cells, _labels[..(_filled * _width)]));
        }
    }

    private void FinishBlock(int coreLeft)
    {
        int top = Math.Max(0, _coreTop - _margin);
        int left = Math.Max(0, coreLeft - _margin);
        Image block = ImagePreparation.Blank(
            _band.Channels, BandEnd - top, Math.Min(_width, coreLeft + _core + _margin) - left);
        ImagePreparation.CopyPart(_band, top - _top, left, block, 0, 0, block.Height, block.Width);
        LabelImage masks = FlowMasks.ComputePart(block, _outputs, _options, (_height, _width), (top, left));
        LabelRegion[] regions = LabelRegions.Find(masks, masks.Labels.Max());
        int[] numbers = new int[regions.Length];
        for (int k = 0; k < regions.Length; k++)
        {
            numbers[k] = IsOwn(regions[k], top, left, coreLeft) ? 0 : -1;
        }

        Paint(masks, numbers, top, left);

        // Arrays of this size would pile up until the next collection, beyond the memory that was granted.
        GC.Collect();
    }

    private bool IsOwn(in LabelRegion region, int top, int left, int coreLeft)
    {
        int y = top + ((region.Top + region.Bottom) / 2);
        int x = left + ((region.Left + region.Right) / 2);
        bool atBorder = top + region.Top == 0 || left + region.Left == 0
            || top + region.Bottom == _height - 1 || left + region.Right == _width - 1;
        return y >= _coreTop && y < _coreTop + _core && x >= coreLeft && x < coreLeft + _core
            && !(ExcludesAtBorder && atBorder);
    }

    /// <summary>Writes own cells where no other cell is; each gets its number with its first pixel.</summary>
    private void Paint(LabelImage masks, int[] numbers, int top, int left)
    {
        for (int y = 0; y < masks.Height; y++)
        {
            ReadOnlySpan<int> row = masks.Labels.AsSpan(y * masks.Width, masks.Width);
            Span<int> target = _labels.AsSpan(((top + y - _top) * _width) + left, masks.Width);
            for (int x = 0; x < row.Length; x++)
            {
                if (row[x] > 0 && numbers[row[x] - 1] >= 0 && target[x] == 0)
                {
                    ref int number = ref numbers[row[x] - 1];
                    number = number == 0 ? ++Cells : number;
                    target[x] = number;
                }
            }
        }
    }
}
