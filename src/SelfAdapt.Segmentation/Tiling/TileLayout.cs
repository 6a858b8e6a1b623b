using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>One tile's place in the padded image, and whether the network sees it mirrored.</summary>
internal readonly record struct Tile(int Y, int X, bool FlipRows, bool FlipColumns);

/// <summary>Where tiles lie and how much each of their pixels counts (docs/cellpose.md 3.5 and 3.6).</summary>
/// <param name="Height">Rows of every tile.</param>
/// <param name="Width">Columns of every tile.</param>
/// <param name="Tiles">In raster order.</param>
internal sealed record TileLayout(int Height, int Width, Tile[] Tiles)
{
    /// <summary>Side of a tile, px, where the network does not ask for another.</summary>
    public const int Side = 224;

    private const double LeastOverlap = 0.05;
    private const double MostOverlap = 0.5;
    private const double TaperInset = 20;
    private const double TaperWidth = 7.5;

    /// <summary>The size of tiles for a network.</summary>
    public static (int Height, int Width) SizeFor(ISegmentationNetwork network) => network.TileSize ?? (Side, Side);

    /// <summary>Tiles per network call: fewer where tiles are larger than the usual ones.</summary>
    public static int BatchFor(ISegmentationNetwork network, SegmentationOptions options)
    {
        (int height, int width) = SizeFor(network);
        double larger = Math.Max(1, (double)height * width / (Side * Side));
        return Math.Max(1, (int)(options.BatchSize / larger));
    }

    /// <summary>The least size that an image must be padded to.</summary>
    public static (int Height, int Width) LeastFor(ISegmentationNetwork network, SegmentationOptions options) =>
        options.Augment ? SizeFor(network) : network.TileSize ?? default;

    /// <summary>The tiles of an image for a network.</summary>
    /// <param name="height">Rows of the padded image, at least <see cref="LeastFor"/>.</param>
    /// <param name="width">Columns of the padded image, likewise.</param>
    public static TileLayout For(ISegmentationNetwork network, SegmentationOptions options, int height, int width) =>
        options.Augment
            ? Mirrored(height, width, network.TileSize, network.Outputs.Grid)
            : Plain(height, width, options.TileOverlap, network.TileSize, network.Outputs.Grid);

    /// <summary>Plain overlapping tiles.</summary>
    /// <param name="overlap">Least overlap as a fraction, used within 0.05 to 0.5.</param>
    /// <param name="size">The size of a tile; null for the usual one.</param>
    /// <param name="grid">What tiles begin at a multiple of, px.</param>
    public static TileLayout Plain(
        int height, int width, double overlap, (int Height, int Width)? size = null, int grid = 1)
    {
        (int tileHeight, int tileWidth) = size ?? (Side, Side);
        double clamped = Math.Clamp(overlap, LeastOverlap, MostOverlap);
        int[] rows = Starts(height, PlainCount(height, clamped, tileHeight), tileHeight, grid);
        int[] columns = Starts(width, PlainCount(width, clamped, tileWidth), tileWidth, grid);
        return Build(Math.Min(tileHeight, height), Math.Min(tileWidth, width), rows, columns, flip: false);
    }

    /// <summary>Half-overlapping tiles of which every other one is mirrored along each axis.</summary>
    /// <param name="height">Rows of the padded image, at least one tile side.</param>
    /// <param name="width">Columns of the padded image, at least one tile side.</param>
    /// <param name="size">The size of a tile; null for the usual one.</param>
    /// <param name="grid">What tiles begin at a multiple of, px.</param>
    public static TileLayout Mirrored(int height, int width, (int Height, int Width)? size = null, int grid = 1)
    {
        (int tileHeight, int tileWidth) = size ?? (Side, Side);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, tileHeight);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, tileWidth);
        return Build(
            tileHeight, tileWidth,
            Starts(height, MirroredCount(height, tileHeight), tileHeight, grid),
            Starts(width, MirroredCount(width, tileWidth), tileWidth, grid), flip: true);
    }

    /// <summary>The blending weights of a tile: nearly 1 inside, falling towards the edges of a full tile.</summary>
    /// <param name="side">The side of a full tile.</param>
    /// <returns>[height, width].</returns>
    public static double[] Taper(int height, int width, int side = Side)
    {
        int full = Math.Max(side, Math.Max(height, width));
        double[] profile = new double[full];
        for (int i = 0; i < full; i++)
        {
            double distance = Math.Abs(i - ((full - 1) / 2.0));
            profile[i] = 1 / (1 + Math.Exp((distance - ((full / 2.0) - TaperInset)) / TaperWidth));
        }

        int firstY = (full / 2) - (height / 2);
        int firstX = (full / 2) - (width / 2);
        double[] weights = new double[height * width];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                weights[(y * width) + x] = profile[firstY + y] * profile[firstX + x];
            }
        }

        return weights;
    }

    private static int PlainCount(int length, double overlap, int side) =>
        length <= side ? 1 : (int)Math.Ceiling((1 + (2 * overlap)) * length / side);

    private static int MirroredCount(int length, int side) => Math.Max(2, (int)Math.Ceiling(2.0 * length / side));

    private static int[] Starts(int length, int count, int side, int grid)
    {
        int last = length - Math.Min(side, length);
        int[] starts = new int[count];
        double step = count > 1 ? last / (double)(count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            starts[i] = i == count - 1 ? last : (int)(i * step) / grid * grid;
        }

        return starts;
    }

    private static TileLayout Build(int height, int width, int[] rows, int[] columns, bool flip)
    {
        Tile[] tiles = new Tile[rows.Length * columns.Length];
        for (int j = 0; j < rows.Length; j++)
        {
            for (int i = 0; i < columns.Length; i++)
            {
                // Odd columns turn the tile upside down, odd rows mirror it: that is Cellpose's pattern.
                tiles[(j * columns.Length) + i] = new(
                    rows[j], columns[i], flip && i % 2 == 1, flip && j % 2 == 1);
            }
        }

        return new(height, width, tiles);
    }
}
