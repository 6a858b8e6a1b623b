using SelfAdapt.Files;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>Room for the tiles that a network takes at once.</summary>
internal sealed class TileBatch
{
    private readonly ISegmentationNetwork _network;
    private readonly TileLayout _layout;
    private readonly double _gamma;
    private readonly int _inputLength;
    private readonly int _outputLength;
    private readonly float[] _input;
    private readonly float[] _output;
    private readonly float[] _embeddings;

    /// <param name="gamma">The power that intensities are raised to; null: that of the network.</param>
    public TileBatch(ISegmentationNetwork network, TileLayout layout, int mostTiles, double? gamma)
    {
        (_network, _layout, _gamma) = (network, layout, gamma ?? network.Gamma);
        int count = Math.Min(mostTiles, layout.Tiles.Length);
        _inputLength = network.InputChannels * layout.Height * layout.Width;
        _outputLength = network.Outputs.Channels * layout.Height * layout.Width;
        _input = new float[checked(count * _inputLength)];
        _output = new float[checked(count * _outputLength)];
        _embeddings = new float[count * network.EmbeddingLength];
    }

    /// <summary>Cuts tiles out of an image, runs the network on them and blends what comes out.</summary>
    /// <returns>The tiles' embeddings, until the next run.</returns>
    public ReadOnlySpan<float> Run(Image image, ReadOnlySpan<Tile> tiles, TileBlender blender)
    {
        for (int i = 0; i < tiles.Length; i++)
        {
            Cut(image, tiles[i], _input.AsSpan(i * _inputLength, _inputLength));
        }

        InputPower.Raise(_input.AsSpan(0, tiles.Length * _inputLength), _gamma);
        Span<float> embeddings = _embeddings.AsSpan(0, tiles.Length * _network.EmbeddingLength);
        _network.Run(
            _input.AsSpan(0, tiles.Length * _inputLength), tiles.Length, _layout.Height, _layout.Width,
            _output.AsSpan(0, tiles.Length * _outputLength), embeddings);
        for (int i = 0; i < tiles.Length; i++)
        {
            blender.Add(tiles[i], _output.AsSpan(i * _outputLength, _outputLength));
        }

        return embeddings;
    }

    /// <summary>Cuts a tile out, [channels, tile height, tile width], mirrored as it asks.</summary>
    private void Cut(Image image, Tile tile, Span<float> target)
    {
        for (int c = 0; c < image.Channels; c++)
        {
            ReadOnlySpan<float> plane = image.Plane(c);
            for (int y = 0; y < _layout.Height; y++)
            {
                int from = tile.FlipRows ? _layout.Height - 1 - y : y;
                Span<float> row = target.Slice(((c * _layout.Height) + y) * _layout.Width, _layout.Width);
                plane.Slice(((tile.Y + from) * image.Width) + tile.X, _layout.Width).CopyTo(row);
                if (tile.FlipColumns)
                {
                    row.Reverse();
                }
            }
        }
    }
}
