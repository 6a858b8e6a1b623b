using System;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>
/// Runs a network over an image of any size: pad, cut into tiles, run in batches, blend, crop
/// (docs/cellpose.md 3.4 to 3.6).
/// </summary>
internal sealed class TiledInference
{
    private readonly ISegmentationNetwork _network;
    private readonly SegmentationOptions _options;
    private readonly double[] _embedding;

    private TiledInference(ISegmentationNetwork network, SegmentationOptions options)
    {
        (_network, _options) = (network, options);
        _embedding = new double[network.EmbeddingLength];
    }

    /// <summary>Runs the network on one network-scale image.</summary>
    /// <param name="image">[InputChannels, height, width], normalised and rescaled.</param>
    /// <param name="options">Batch size, overlap and augmentation.</param>
    /// <returns>
    /// The outputs [Outputs.Channels, height, width] and the embedding: the sum over the tiles with length 1,
    /// or all zeros if that sum is zero.
    /// </returns>
    public static (Image Outputs, float[] Embedding) Run(
        ISegmentationNetwork network, Image image, SegmentationOptions options)
    {
        TiledInference inference = new(network, options);
        Padding padding = Padding.For(image.Height, image.Width);
        Image outputs = padding.Remove(inference.RunPadded(padding.Apply(image)));
        return (outputs, inference.UnitEmbedding());
    }

    private Image RunPadded(Image padded)
    {
        (int height, int width) = TileLayout.LeastFor(_network, _options);
        Padding toTile = new(0, Math.Max(0, height - padded.Height), 0, Math.Max(0, width - padded.Width));
        return toTile == default ? RunTiles(padded) : toTile.Remove(RunTiles(toTile.Apply(padded)));
    }

    private Image RunTiles(Image image)
    {
        TileLayout layout = TileLayout.For(_network, _options, image.Height, image.Width);
        int tilePixels = layout.Height * layout.Width;
        int batchSize = Math.Min(TileLayout.BatchFor(_network, _options), layout.Tiles.Length);
        int inputLength = _network.InputChannels * tilePixels;
        int outputLength = _network.Outputs.Channels * tilePixels;
        float[] input = new float[checked(batchSize * inputLength)];
        float[] output = new float[checked(batchSize * outputLength)];
        float[] embedding = new float[batchSize * _network.EmbeddingLength];
        TileBlender blender = new(_network, image.Height, image.Width, layout);

        for (int first = 0; first < layout.Tiles.Length; first += batchSize)
        {
            int count = Math.Min(batchSize, layout.Tiles.Length - first);
            for (int i = 0; i < count; i++)
            {
                Cut(image, layout, layout.Tiles[first + i], input.AsSpan(i * inputLength, inputLength));
            }

            Span<float> embeddings = embedding.AsSpan(0, count * _network.EmbeddingLength);
            _network.Run(
                input.AsSpan(0, count * inputLength), count, layout.Height, layout.Width,
                output.AsSpan(0, count * outputLength), embeddings);
            for (int i = 0; i < count; i++)
            {
                blender.Add(layout.Tiles[first + i], output.AsSpan(i * outputLength, outputLength));
            }

            for (int i = 0; i < embeddings.Length; i++)
            {
                _embedding[i % _embedding.Length] += embeddings[i];
            }
        }

        return blender.Finish(_options.Threads);
    }

    /// <summary>Cuts a tile out of an image, mirrored as the tile asks.</summary>
    /// <param name="target">Receives [channels, tile height, tile width].</param>
    internal static void Cut(Image image, TileLayout layout, Tile tile, Span<float> target)
    {
        for (int c = 0; c < image.Channels; c++)
        {
            ReadOnlySpan<float> plane = image.Plane(c);
            for (int y = 0; y < layout.Height; y++)
            {
                int from = tile.FlipRows ? layout.Height - 1 - y : y;
                Span<float> row = target.Slice(((c * layout.Height) + y) * layout.Width, layout.Width);
                plane.Slice(((tile.Y + from) * image.Width) + tile.X, layout.Width).CopyTo(row);
                if (tile.FlipColumns)
                {
                    row.Reverse();
                }
            }
        }
    }

    private float[] UnitEmbedding()
    {
        double squares = 0;
        foreach (double value in _embedding)
        {
            squares += value * value;
        }

        // A network whose bottleneck is all zero has no direction: Cellpose divides by zero, we stay at zero.
        double factor = squares > 0 ? 1 / Math.Sqrt(squares) : 0;
        return Array.ConvertAll(_embedding, value => (float)(value * factor));
    }
}
