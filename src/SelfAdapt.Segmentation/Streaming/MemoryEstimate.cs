using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Tiling;

namespace SelfAdapt.Segmentation.Streaming;

/// <summary>How much memory segmenting an image takes, from measurements (docs/batch.md).</summary>
internal static class MemoryEstimate
{
    // The program, the weights and what the engine keeps for a batch of tiles.
    private const long Base = 350_000_000;

    // What the engine keeps per pixel of a batch's tiles.
    private const long TilePixelBytes = 700;

    // Copies of the image, outputs before and after blending and resizing, flow field, points and labels.
    private const long WholePixelBytes = 72;

    // As above without the image; pooled arrays are up to twice as long as asked for.
    private const long BlockPixelBytes = 80;

    public static long Whole(
        int channels, int height, int width, ISegmentationNetwork network, SegmentationOptions options)
    {
        double pixels = (double)height * width;
        double scaled = pixels * options.Rescale * options.Rescale;
        double perPixel = WholePixelBytes + (4.0 * channels) + (4.0 * network.Outputs.Channels);
        double perScaled = 8.0 + (4.0 * (2 * (network.InputChannels + network.Outputs.Channels)));
        return Tiles(network, options) + (long)Math.Min(1e18, (pixels * perPixel) + (scaled * perScaled));
    }

    internal static long Streamed(
        IRowSource image, ISegmentationNetwork network, SegmentationOptions options, int core, int margin)
    {
        long side = core + (2L * margin);
        long band = Math.Min(side, image.Height) * image.Width;
        long block = Math.Min(side, image.Height) * Math.Min(side, image.Width);
        int outputs = network.Outputs.Channels;

        // A row of tiles: the rows read, prepared and blended, each with a copy on its way.
        double scaledWidth = image.Width * Math.Max(1, options.Rescale);
        double line = TileLayout.SizeFor(network).Height * (scaledWidth * (8 + (8 * (network.InputChannels + outputs)))
            + (image.Width / Math.Min(1, options.Rescale) * 4 * (image.Channels + network.InputChannels + outputs)));
        return Tiles(network, options) + (band * ((4 * outputs) + 4)) + (block * (BlockPixelBytes + (4 * outputs)))
            + (long)line;
    }

    private static long Tiles(ISegmentationNetwork network, SegmentationOptions options)
    {
        (int height, int width) = TileLayout.SizeFor(network);
        return Base + (TileLayout.BatchFor(network, options) * (long)height * width * TilePixelBytes);
    }
}
