using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Tiling;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>
/// Runs a network over an image by rows of tiles. Tiles lie where <see cref="TiledInference"/> has them in the whole
/// image, each is computed once, and their sums are taken in the same order: the outputs are the same, too.
/// </summary>
internal sealed class StreamedInference
{
    private readonly ISegmentationNetwork _network;
    private readonly PreparedRows _rows;
    private readonly SegmentationOptions _options;
    private readonly Action<Image> _sink;
    private readonly int _first;
    private readonly Padding _padding;
    private readonly int _paddedWidth;

    private StreamedInference(
        ISegmentationNetwork network, PreparedRows rows, SegmentationOptions options, int first,
        Action<Image> sink)
    {
        (_network, _rows, _options, _first, _sink) = (network, rows, options, first, sink);
        Padding frame = Padding.For(rows.Height, rows.Width, network.Outputs.Grid);
        (int height, int width) = TileLayout.LeastFor(network, options);
        _padding = frame with
        {
            Bottom = frame.Bottom + Math.Max(0, height - rows.Height - frame.Top - frame.Bottom),
            Right = frame.Right + Math.Max(0, width - rows.Width - frame.Left - frame.Right),
        };
        _paddedWidth = rows.Width + _padding.Left + _padding.Right;
    }

    /// <param name="first">The first row that is wanted, at network scale.</param>
    /// <param name="sink">Receives [outputs, n, width] at network scale, from the top down.</param>
    /// <param name="enough">Whether no further rows are wanted.</param>
    public static void Run(
        ISegmentationNetwork network, PreparedRows rows, SegmentationOptions options, int first,
        Action<double> progress, Action<Image> sink, Func<bool> enough, CancellationToken cancelled) =>
        new StreamedInference(network, rows, options, first, sink).Run(progress, enough, cancelled);

    private void Run(Action<double> progress, Func<bool> enough, CancellationToken cancelled)
    {
        int paddedHeight = _rows.Height + _padding.Top + _padding.Bottom;
        TileLayout layout = TileLayout.For(_network, _options, paddedHeight, _paddedWidth);
        TileBlender blender = new(_network, layout.Height, _paddedWidth, layout);
        TileBatch tileBatch = new(_network, layout, TileLayout.BatchFor(_network, _options), _options.Gamma);
        Tile[] tiles = [.. layout.Tiles.Where(t => t.Y + layout.Height > _first + _padding.Top)];
        int top = tiles[0].Y;
        int done = layout.Tiles.Length - tiles.Length;
        foreach (IGrouping<int, Tile> line in tiles.GroupBy(t => t.Y))
        {
            if (line.Key > top)
            {
                Emit(blender.TakeRows(line.Key - top, _options.Threads), top);
                top = line.Key;
                if (enough())
                {
                    return;
                }
            }

            Image band = ReadPadded(line.Key, layout.Height);
            GC.Collect();
            foreach (Tile[] batch in line.Chunk(TileLayout.BatchFor(_network, _options)))
            {
                cancelled.ThrowIfCancellationRequested();
                tileBatch.Run(band, Array.ConvertAll(batch, t => t with { Y = 0 }), blender);
                done += batch.Length;
                progress((double)done / layout.Tiles.Length);
            }
        }

        Emit(blender.TakeRows(layout.Height, _options.Threads), top);
    }

    /// <summary>Rows of the image with the frame of zeros around it.</summary>
    private Image ReadPadded(int first, int count)
    {
        Image band = ImagePreparation.Blank(_rows.Channels, count, _paddedWidth);
        int from = Math.Max(0, first - _padding.Top);
        int to = Math.Min(_rows.Height, first + count - _padding.Top);
        if (to > from)
        {
            Image rows = _rows.Read(from, to - from);
            ImagePreparation.CopyPart(
                rows, 0, 0, band, from + _padding.Top - first, _padding.Left, rows.Height, rows.Width);
        }

        return band;
    }

    private void Emit(Image padded, int top)
    {
        // Rows above the first one wanted lack tiles that were left out.
        int from = Math.Max(_first, top - _padding.Top);
        int to = Math.Min(_rows.Height, top + padded.Height - _padding.Top);
        if (to > from)
        {
            int above = from + _padding.Top - top;
            Padding frame = new(above, padded.Height - above - (to - from), _padding.Left, _padding.Right);
            _sink(frame.Remove(padded));
        }
    }
}
