using System;

namespace SelfAdapt.Segmentation.Tiling;

/// <summary>One tile's place in the padded image, and whether the network sees it mirrored.</summary>
internal readonly record struct Tile(int Y, int X, bool FlipRows, bool FlipColumns);

/// <summary>Where tiles lie and how much each of their pixels counts (docs/cellpose.md 3.5 and 3.6).</summary>
/// <param name="Height">Rows of every tile.</param>
/// <param name="Width">Columns of every tile.</param>
/// <param name="Tiles">In raster order.</param>
internal sealed record TileLayout(int Height, int Width, Tile[] Tiles)
{
    /// <summary>Side of a tile, px.</summary>
    public const int Side = 224;

    private const double LeastOverlap = 0.05;
    private const double MostOverlap = 0.5;
    private const double TaperInset = 20;
    private const double TaperWidth = 7.5;

    /// <summary>Plain overlapping tiles.</summary>
    /// <param name="overlap">Least overlap as a fraction, used within 0.05 to 0.5.</param>
    public static TileLayout Plain(int height, int width, double overlap)
    {
        double clamped = Math.Clamp(overlap, LeastOverlap, MostOverlap);
        int[] rows = Starts(height, PlainCount(height, clamped));
        int[] columns = Starts(width, PlainCount(width, clamped));
        return Build(Math.Min(Side, height), Math.Min(Side, width), rows, columns, flip: false);
    }

    /// <summary>Half-overlapping tiles of which every other one is mirrored along each axis.</summary>
    /// <param name="height">Rows of the padded image, at least one tile side.</param>
    /// <param name="width">Columns of the padded image, at least one tile side.</param>
    public static TileLayout Mirrored(int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, Side);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, Side);
        return Build(
            Side, Side,
            Starts(height, MirroredCount(height)), Starts(width, MirroredCount(width)), flip: true);
    }

    /// <summary>The blending weights of a tile: nearly 1 inside, falling towards the edges of a full tile.</summary>
    public static double[] Taper(int height, int width)
    {
        int full = Math.Max(Side, Math.Max(height, width));
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

    private static int PlainCount(int length, double overlap) =>
        length <= Side ? 1 : (int)Math.Ceiling((1 + (2 * overlap)) * length / Side);

    private static int MirroredCount(int length) => Math.Max(2, (int)Math.Ceiling(2.0 * length / Side));

    private static int[] Starts(int length, int count)
    {
        int last = length - Math.Min(Side, length);
        int[] starts = new int[count];
        double step = count > 1 ? last / (double)(count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            starts[i] = i == count - 1 ? last : (int)(i * step);
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
