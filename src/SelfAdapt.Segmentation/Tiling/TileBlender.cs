using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>Sums tiles with tapered weights into one picture of all outputs (docs/cellpose.md 3.5, 3.6).</summary>
/// <param name="network">Its outputs' meaning: vectors turn their sign when a tile was mirrored.</param>
internal sealed class TileBlender(ISegmentationNetwork network, int height, int width, TileLayout layout)
{
    private readonly Image _sum = ImagePreparation.Blank(network.Outputs.Channels, height, width);
    private readonly ChannelMeaning[] _meanings = network.Outputs.Meanings;
    private readonly double[] _taper = TileLayout.Taper(
        layout.Height, layout.Width, network.TileSize is null ? TileLayout.Side : 0);
    private readonly double[] _weights = new double[height * width];

    private int Plane => layout.Height * layout.Width;

    /// <param name="tile">Its place; a mirrored tile is turned back.</param>
    /// <param name="values">The network's output, [channels, tile height, tile width].</param>
    public void Add(Tile tile, ReadOnlySpan<float> values)
    {
        OrientationMap view = new(tile.FlipRows ? -1 : 1, 0, 0, tile.FlipColumns ? -1 : 1);
        for (int c = 0; c < _meanings.Length; c++)
        {
            (int partner, int sign) = _meanings[c].Turned(view);
            AddChannel(tile, values.Slice((c + partner) * Plane, Plane), _sum.Plane(c), sign);
        }

        for (int y = 0; y < layout.Height; y++)
        {
            Span<double> row = _weights.AsSpan(((tile.Y + y) * _sum.Width) + tile.X, layout.Width);
            for (int x = 0; x < row.Length; x++)
            {
                row[x] += _taper[(y * layout.Width) + x];
            }
        }
    }

    /// <summary>Divides by the summed weights and hands the picture over; the blender is used up.</summary>
    public Image Finish(int threads)
    {
        Parallel.For(0, _sum.Channels, Parallelism.Of(threads), c => Divide(_sum.Plane(c), _sum.Plane(c)));
        return _sum;
    }

    /// <summary>
    /// Hands over the topmost rows, which no further tile will reach, and moves the others up in their place.
    /// </summary>
    public Image TakeRows(int count, int threads)
    {
        int taken = count * _sum.Width;
        Image rows = ImagePreparation.Blank(_sum.Channels, count, _sum.Width);
        Parallel.For(0, _sum.Channels, Parallelism.Of(threads), c =>
        {
            Span<float> plane = _sum.Plane(c);
            Divide(plane[..taken], rows.Plane(c));
            plane[taken..].CopyTo(plane);
            plane[^taken..].Clear();
        });
        _weights.AsSpan(taken).CopyTo(_weights);
        _weights.AsSpan(_weights.Length - taken).Clear();
        return rows;
    }

    private void Divide(ReadOnlySpan<float> sums, Span<float> target)
    {
        for (int i = 0; i < sums.Length; i++)
        {
            target[i] = (float)(sums[i] / _weights[i]);
        }
    }

    private void AddChannel(Tile tile, ReadOnlySpan<float> values, Span<float> plane, int sign)
    {
        (int rows, int columns) = (layout.Height, layout.Width);
        for (int y = 0; y < rows; y++)
        {
            int fromY = tile.FlipRows ? rows - 1 - y : y;
            ReadOnlySpan<float> row = values.Slice(fromY * columns, columns);
            Span<float> target = plane.Slice(((tile.Y + y) * _sum.Width) + tile.X, columns);
            for (int x = 0; x < columns; x++)
            {
                double value = row[tile.FlipColumns ? columns - 1 - x : x];
                double weight = _taper[(y * columns) + x];
                target[x] = (float)(target[x] + (sign * value * weight));
            }
        }
    }
}
