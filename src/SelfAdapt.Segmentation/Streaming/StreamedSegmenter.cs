using System.Globalization;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// Segments images that do not fit into memory: rows in, rows of labels out. Intensities are normalised and the network
/// is run as on the whole image; masks are built in overlapping blocks.
/// </summary>
internal sealed class StreamedSegmenter
{
    // Larger ones would save little, and a broken-off run more.
    private const int LargestCore = 1024;
    private const int CoreStep = 64;

    private readonly ISegmentationNetwork _network;
    private readonly SegmentationOptions _options;
    private readonly long _memory;

    public StreamedSegmenter(ISegmentationNetwork network, SegmentationOptions options, long memory)
    {
        options.Validate();
        if (!options.Resample)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, "masks at network scale need the whole image in memory: resample, or raise the memory limit.");
        }

        (_network, _options, _memory) = (network, options, memory);
    }

    /// <summary>Width of the margin around a block, px: four object diameters, at least 96.</summary>
    public static int MarginOf(SegmentationOptions options)
    {
        const int Least = 96;
        double diameter = options.Diameter > 0 ? options.Diameter : options.DiamMean;
        return Math.Max(Least, (int)Math.Ceiling(4 * diameter));
    }

    /// <param name="sink">Receives the labels, numbered from 1 in the order of the blocks.</param>
    /// <param name="from">Where an earlier run with the same options was broken off; null to begin at the top.</param>
    /// <param name="mark">Receives how far the masks are, after the rows that became final with it.</param>
    public int Segment(
        IRowSource image, string source, LabelRows sink, Action<double> progress, CancellationToken cancelled,
        MaskProgress? from = null, Action<MaskProgress>? mark = null)
    {
        int margin = MarginOf(_options);
        if (from is not null && (from.CoreTop < 1 || from.CoreTop >= image.Height
            || from.Top != Math.Max(0, from.CoreTop - margin) || from.Cells < 0
            || from.Begun.Length != (long)(Math.Min(image.Height, from.CoreTop + margin) - from.Top) * image.Width))
        {
            throw new ArgumentException("These labels belong to another image or other options.", nameof(from));
        }

        BlockGrid grid = GridOf(image, source);
        BlockPainter painter = new(grid, sink, from, mark);
        Segment(image, source, grid, painter, from?.CoreTop ?? 0, image.Height, progress, cancelled);
        return painter.Cells;
    }

    /// <summary>How an image is cut into blocks: with the same options and memory the same in every process.</summary>
    public BlockGrid GridOf(IRowSource image, string source)
    {
        int margin = MarginOf(_options);
        return new(image.Height, image.Width, Core ?? CoreFor(image, margin, source), margin);
    }

    /// <summary>Finds the cells of some rows of blocks, whichever process finds those of the others.</summary>
    /// <param name="coreTop">The first row of their cores.</param>
    /// <param name="end">The row behind the last.</param>
    public void Segment(
        IRowSource image, string source, BlockGrid grid, IBlockSink sink, int coreTop, int end, Action<double> progress,
        CancellationToken cancelled)
    {
        PreparedRows rows = PreparedRows.Measure(image, _options, _network.InputChannels, source, cancelled);
        BlockMasks masks = new(_network.Outputs, _options, grid, sink, coreTop, end);
        RowStretcher stretcher = new(
            (rows.Height, rows.Width), (image.Height, image.Width), _options.Threads, masks.Add, grid.Top(coreTop));
        StreamedInference.Run(
            _network, rows, _options, stretcher.Expected, progress, Stretch, () => masks.IsDone, cancelled);

        void Stretch(Image outputs)
        {
            Segmenter.RequireNumbers(outputs, source);
            stretcher.Add(outputs);
        }
    }

    /// <summary>The side of a block's core instead of what memory allows; for tests.</summary>
    internal int? Core { get; init; }

    private int CoreFor(IRowSource image, int margin, string source)
    {
        for (int core = Math.Max(LargestCore, margin); core >= Math.Max(CoreStep, margin); core -= CoreStep)
        {
            if (MemoryEstimate.Streamed(image, _network, _options, core, margin) <= _memory)
            {
                return core;
            }
        }

        long least = MemoryEstimate.Streamed(image, _network, _options, Math.Max(CoreStep, margin), margin);
        throw new SelfAdaptException(ErrorKind.OutOfMemory, source, string.Create(
            CultureInfo.InvariantCulture,
            $"{image.Width}x{image.Height} pixels need at least {(least / 1e9) + 0.05:0.0}GB, more than "
            + $"the memory limit allows."));
    }
}
