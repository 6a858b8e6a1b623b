namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>
/// Training pixels with every feature as one of up to 256 bins of about equally many pixels: a split lies between two
/// bins, so that a tree is grown by counting.
/// </summary>
internal sealed class BinnedPixels
{
    public const int Bins = 256;

    /// <summary>More pixels than these are looked at evenly spaced to find the bins' edges.</summary>
    private const int MostLookedAt = 1 << 16;

    public BinnedPixels(TrainingPixels pixels, int threads)
    {
        (Count, Columns, Object) = (pixels.Count, pixels.Columns, pixels.Object);
        Bin = new byte[pixels.Features.Length];
        Edges = new float[Columns][];
        Parallel.For(0, Columns, Segmentation.Parallelism.Of(threads), c =>
        {
            ReadOnlySpan<float> values = pixels.Features.AsSpan(c * Count, Count);
            float[] edges = FindEdges(values);
            Span<byte> bins = Bin.AsSpan(c * Count, Count);
            for (int i = 0; i < bins.Length; i++)
            {
                // The first edge that is not below the value.
                int low = 0;
                int high = edges.Length;
                while (low < high)
                {
                    int middle = (low + high) / 2;
                    (low, high) = edges[middle] < values[i] ? (middle + 1, high) : (low, middle);
                }

                bins[i] = (byte)low;
            }

            Edges[c] = edges;
        });
    }

    public int Count { get; }

    public int Columns { get; }

    public bool[] Object { get; }

    /// <summary>[columns, pixels].</summary>
    public byte[] Bin { get; }

    /// <summary>Per column, ascending: values up to edge i lie in bins 0 to i, those above in later ones.</summary>
    public float[][] Edges { get; }

    private static float[] FindEdges(ReadOnlySpan<float> values)
    {
        int step = (values.Length + MostLookedAt - 1) / MostLookedAt;
        float[] sorted = new float[(values.Length + step - 1) / step];
        for (int i = 0; i < sorted.Length; i++)
        {
            sorted[i] = values[i * step];
        }

        Array.Sort(sorted);
        List<float> edges = [];
        for (int b = 1; b < Bins; b++)
        {
            int at = (int)((long)b * sorted.Length / Bins);
            if (at > 0 && sorted[at - 1] < sorted[at])
            {
                Add(sorted[at - 1] + (0.5f * (sorted[at] - sorted[at - 1])));
            }
            else if (at > 0)
            {
                // In the middle of equal values: the edge is where they end.
                int end = at;
                while (end < sorted.Length && sorted[end] == sorted[at])
                {
                    end++;
                }

                if (end < sorted.Length)
                {
                    Add(sorted[at] + (0.5f * (sorted[end] - sorted[at])));
                }
            }
        }

        return [.. edges];

        void Add(float edge)
        {
            if (edges.Count == 0 || edges[^1] < edge)
            {
                edges.Add(edge);
            }
        }
    }
}
