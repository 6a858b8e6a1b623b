using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>An image as the filters read it: one plane, scaled by its percentiles; and its parts.</summary>
internal sealed class FeatureImage
{
    private const double LowPercent = 1;
    private const double HighPercent = 99;

    private FeatureImage(float[] values, int height, int width) => (Values, Height, Width) = (values, height, width);

    /// <summary>[height, width].</summary>
    public float[] Values { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Scales the mean of an image's channels; a flat image is 0 throughout.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: values that are no numbers.</exception>
    public static FeatureImage From(Image image, string source)
    {
        ImagePreparation.RequireFinite(image, source);
        float[] values = image.Plane(0).ToArray();
        for (int c = 1; c < image.Channels; c++)
        {
            Span<float> plane = image.Plane(c);
            for (int i = 0; i < values.Length; i++)
            {
                values[i] += plane[i];
            }
        }

        double low = OrderStatistics.Percentile(values, LowPercent);
        double range = OrderStatistics.Percentile(values, HighPercent) - low;
        (float offset, float factor) = ((float)low, range > 0 ? (float)(1 / range) : 0);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (values[i] - offset) * factor;
        }

        return new(values, image.Height, image.Width);
    }

    /// <summary>A plane that is scaled already.</summary>
    public static FeatureImage FromScaled(float[] values, int height, int width) => new(values, height, width);

    /// <summary>A rectangle of it, as if the rest were not known.</summary>
    public FeatureImage Crop(int top, int left, int height, int width)
    {
        float[] part = new float[height * width];
        for (int y = 0; y < height; y++)
        {
            Values.AsSpan(((top + y) * Width) + left, width).CopyTo(part.AsSpan(y * width));
        }

        return new(part, height, width);
    }

    /// <summary>Calls with the features of each part, on several threads at once.</summary>
    /// <param name="use">Told the part's top row and left column, and its features.</param>
    /// <param name="wanted">Which parts are needed, by top, left, height and width; null for all.</param>
    public void ForEachTile(
        FeatureSet set, int threads, Action<int, int, FeatureTile> use, Func<int, int, int, int, bool>? wanted = null,
        CancellationToken cancel = default)
    {
        const int side = FeatureTile.Side;
        (int Top, int Left)[] parts = [.. from top in Steps(Height, side)
                                          from left in Steps(Width, side)
                                          where wanted?.Invoke(
                                              top, left, Math.Min(side, Height - top), Math.Min(side, Width - left)) ?? true
                                          select (top, left)];
        ParallelOptions parallel = Parallelism.Of(threads);
        parallel.CancellationToken = cancel;
        if (threads <= 0)
        {
            // Each thread holds memory of its own.
            parallel.MaxDegreeOfParallelism = Environment.ProcessorCount;
        }

        Parallel.For(0, parts.Length, parallel, () => new FeatureTile(set), (i, _, tile) =>
        {
            (int top, int left) = parts[i];
            tile.Compute(
                Values, Height, Width, top, left, Math.Min(side, Height - top), Math.Min(side, Width - left));
            use(top, left, tile);
            return tile;
        }, _ => { });
    }

    private static IEnumerable<int> Steps(int length, int side) =>
        Enumerable.Range(0, (length + side - 1) / side).Select(i => i * side);
}
