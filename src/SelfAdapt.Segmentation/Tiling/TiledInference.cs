using System;
using System.Linq;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>
/// Runs a network over an image of any size: pad, cut into tiles, run in batches, blend, crop
/// (docs/cellpose.md 3.4 to 3.6).
/// </summary>
internal sealed class TiledInference(ISegmentationNetwork network, SegmentationOptions options)
{
    private readonly double[] _embedding = new double[network.EmbeddingLength];

    /// <param name="image">[InputChannels, height, width], normalised and rescaled.</param>
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
        if (!options.Augment)
        {
            return RunTiles(padded, TileLayout.Plain(padded.Height, padded.Width, options.TileOverlap));
        }

        Padding toTile = new(
            0, Math.Max(0, TileLayout.Side - padded.Height), 0, Math.Max(0, TileLayout.Side - padded.Width));
        Image full = toTile.Apply(padded);
        return toTile.Remove(RunTiles(full, TileLayout.Mirrored(full.Height, full.Width)));
    }

    private Image RunTiles(Image image, TileLayout layout)
    {
        TileBatch batch = new(network, layout, options.BatchSize);
        TileBlender blender = new(network.Outputs, image.Height, image.Width, layout);
        foreach (Tile[] tiles in layout.Tiles.Chunk(options.BatchSize))
        {
            ReadOnlySpan<float> embeddings = batch.Run(image, tiles, blender);
            for (int i = 0; i < embeddings.Length; i++)
            {
                _embedding[i % _embedding.Length] += embeddings[i];
            }
        }

        return blender.Finish(options.Threads);
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
