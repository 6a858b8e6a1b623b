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
        Padding padding = Padding.For(image.Height, image.Width, network.Outputs.Grid);
        Image outputs = padding.Remove(inference.RunPadded(padding.Apply(image)));
        return (outputs, inference.UnitEmbedding());
    }

    private Image RunPadded(Image padded)
    {
        (int height, int width) = TileLayout.LeastFor(network, options);
        Padding toTile = new(0, Math.Max(0, height - padded.Height), 0, Math.Max(0, width - padded.Width));
        return toTile == default ? RunTiles(padded) : toTile.Remove(RunTiles(toTile.Apply(padded)));
    }

    private Image RunTiles(Image image)
    {
        TileLayout layout = TileLayout.For(network, options, image.Height, image.Width);
        int batchSize = TileLayout.BatchFor(network, options);
        TileBatch batch = new(network, layout, batchSize, options.Gamma);
        TileBlender blender = new(network, image.Height, image.Width, layout);
        foreach (Tile[] tiles in layout.Tiles.Chunk(batchSize))
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
