using SelfAdapt.Engine;

namespace SelfAdapt.Gpu;

/// <summary>
/// What a normalisation's kernels have summed on this rank, for the samples of all: chunks are joined in their order, then ranks
/// in theirs. The result is laid out as one chunk, so that the kernels that finish a normalisation finish this one.
/// </summary>
internal static class NormSums
{
    /// <summary>Joins means and squared deviations.</summary>
    /// <param name="partial">[chunks][2][pitch], then the values that they are relative to, [pitch].</param>
    /// <param name="pixels">Of this rank.</param>
    public static float[] Moments(BatchShare share, float[] partial, int pitch, int pixels)
    {
        int chunks = ((partial.Length / pitch) - 1) / 2;
        int each = (pixels + chunks - 1) / chunks;
        double[] own = new double[3 * pitch];
        for (int c = 0; c < pitch; c++)
        {
            Moment sum = default;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                int count = Math.Clamp(pixels - (chunk * each), 0, each);
                sum = sum.With(new(count, partial[(2 * chunk * pitch) + c], partial[(((2 * chunk) + 1) * pitch) + c]));
            }

            (own[c], own[pitch + c], own[(2 * pitch) + c]) = (partial[(2 * chunks * pitch) + c], sum.Mean, sum.Squares);
        }

        double[] all = share.GatherOfRanks<double>(own);
        float[] joined = new float[3 * pitch];
        for (int c = 0; c < pitch; c++)
        {
            double pivot = all[c];
            Moment sum = default;
            for (int rank = 0; rank < share.Samples.Count; rank++)
            {
                ReadOnlySpan<double> of = all.AsSpan(rank * own.Length, own.Length);
                double count = (double)pixels / share.Own * share.Samples[rank];
                sum = sum.With(new(count, of[c] + of[pitch + c] - pivot, of[(2 * pitch) + c]));
            }

            (joined[c], joined[pitch + c], joined[(2 * pitch) + c]) = ((float)sum.Mean, (float)sum.Squares, (float)pivot);
        }

        return joined;
    }

    /// <summary>Adds up a gradient's two sums.</summary>
    /// <param name="partial">[chunks][2][pitch].</param>
    public static float[] Gradients(BatchShare share, float[] partial, int pitch)
    {
        double[] own = InOrder(partial.Length, 2 * pitch, i => partial[i]);
        double[] all = share.GatherOfRanks<double>(own);
        return Array.ConvertAll(InOrder(all.Length, own.Length, i => all[i]), v => (float)v);
    }

    private static double[] InOrder(int length, int each, Func<int, double> value)
    {
        double[] sums = new double[each];
        for (int i = 0; i < length; i++)
        {
            sums[i % each] += value(i);
        }

        return sums;
    }

    /// <summary>How many values, their mean, and the sum of their squared distances to it (Chan, Golub and LeVeque 1979).</summary>
    private readonly record struct Moment(double Count, double Mean, double Squares)
    {
        public Moment With(Moment other)
        {
            double total = Count + other.Count;
            double share = total > 0 ? other.Count / total : 0;
            double away = other.Mean - Mean;
            return new(total, Mean + (away * share), Squares + other.Squares + (away * away * Count * share));
        }
    }
}
