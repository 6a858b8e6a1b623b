namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>
/// The features of every n-th pixel of a part of an image, pixel after pixel, as a forest reads them: what is kept where
/// one part is predicted again and again.
/// </summary>
internal sealed class FeatureRows
{
    /// <summary>A forest walks for so many pixels side by side; there is room for whole groups.</summary>
    public const int Group = 8;

    private FeatureRows(int height, int width, float[] values) => (Height, Width, Values) = (height, width, values);

    /// <summary>Rows of pixels that are held.</summary>
    public int Height { get; }

    public int Width { get; }

    /// <summary>[pixels and some room, columns].</summary>
    public float[] Values { get; }

    /// <summary>Takes the pixels at rows and columns 0, n, 2n, ... of a part.</summary>
    public static FeatureRows Of(FeatureTile tile, FeatureSet set, int step)
    {
        (int height, int width) = ((tile.Height + step - 1) / step, (tile.Width + step - 1) / step);
        float[] values = new float[((height * width) + Group - 1) / Group * Group * set.Columns];
        for (int c = 0; c < set.Columns; c++)
        {
            int plane = c * tile.Height * tile.Width;
            for (int y = 0, to = c; y < height; y++)
            {
                int at = plane + (y * step * tile.Width);
                for (int x = 0; x < width; x++, to += set.Columns, at += step)
                {
                    values[to] = tile.Values[at];
                }
            }
        }

        return new(height, width, values);
    }
}
