namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>
/// The features of every n-th pixel of a part of an image, pixel after pixel, as a forest reads them: what is kept where
/// one part is predicted again and again.
/// </summary>
internal sealed class FeatureRows
{
    /// <summary>A forest walks for so many pixels side by side; there is room for whole groups.</summary>
    public const int Group = 8;

    /// <summary>Rows of pixels that are held.</summary>
    public int Height { get; private set; }

    public int Width { get; private set; }

    /// <summary>[pixels and some room, columns].</summary>
    public float[] Values { get; private set; } = [];

    /// <summary>Takes the pixels at rows and columns 0, n, 2n, ... of a part, in place of what was held.</summary>
    public FeatureRows Take(FeatureTile tile, FeatureSet set, int step)
    {
        (Height, Width) = ((tile.Height + step - 1) / step, (tile.Width + step - 1) / step);
        int needed = ((Height * Width) + Group - 1) / Group * Group * set.Columns;
        if (Values.Length < needed)
        {
            Values = new float[needed];
        }

        for (int c = 0; c < set.Columns; c++)
        {
            int plane = c * tile.Height * tile.Width;
            for (int y = 0, to = c; y < Height; y++)
            {
                int at = plane + (y * step * tile.Width);
                for (int x = 0; x < Width; x++, to += set.Columns, at += step)
                {
                    Values[to] = tile.Values[at];
                }
            }
        }

        return this;
    }
}
