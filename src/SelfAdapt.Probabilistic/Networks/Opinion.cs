namespace SelfAdapt.Probabilistic.Networks;

/// <summary>What a network says of a batch: pseudo-labels and how far they can be trusted.</summary>
/// <param name="Labels">Probabilities of foreground: the mean over samples.</param>
/// <param name="Confident">Samples that are sure of a pixel, of either class.</param>
/// <param name="Samples">How many samples there are.</param>
internal sealed record Opinion(float[] Labels, int[] Confident, int Samples)
{
    /// <summary>The mean share of confident samples.</summary>
    public double Consensus => (double)Confident.Sum(c => (long)c) / Samples / Confident.Length;

    /// <summary>Makes one of logits of samples.</summary>
    /// <param name="threshold">A sample is sure where its probability is at least that, or at most 1 less that.</param>
    public static Opinion Of(IEnumerable<float[]> samples, double threshold)
    {
        double[]? sum = null;
        int[] confident = [];
        int count = 0;
        foreach (float[] logits in samples)
        {
            if (sum is null)
            {
                (sum, confident) = (new double[logits.Length], new int[logits.Length]);
            }

            count++;
            for (int i = 0; i < logits.Length; i++)
            {
                double p = 1 / (1 + Math.Exp(-(double)logits[i]));
                sum[i] += p;
                confident[i] += p >= threshold || p <= 1 - threshold ? 1 : 0;
            }
        }

        return new(Array.ConvertAll(sum ?? [], s => (float)(s / count)), confident, count);
    }

    /// <summary>The logit of a probability, within what sigmoids of single precision tell apart.</summary>
    public static float Logit(double probability)
    {
        double p = Math.Clamp(probability, 1e-6, 1 - 1e-6);
        return (float)Math.Log(p / (1 - p));
    }

    /// <summary>How much each pixel counts; null where all count alike.</summary>
    public float[]? Filter(ConsensusFilter filter) => filter switch
    {
        ConsensusFilter.Weighting => Array.ConvertAll(Confident, c => (float)c / Samples),
        ConsensusFilter.Masking => Array.ConvertAll(Confident, c => c == Samples ? 1f : 0),
        _ => null,
    };
}

/// <summary>How samples' consensus filters pseudo-labels.</summary>
internal enum ConsensusFilter
{
    /// <summary>Every pixel counts.</summary>
    None,

    /// <summary>A pixel counts by the share of confident samples.</summary>
    Weighting,

    /// <summary>A pixel counts where all samples are confident.</summary>
    Masking,
}
