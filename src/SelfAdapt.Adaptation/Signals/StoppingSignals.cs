namespace SelfAdapt.Adaptation.Signals;

/// <summary>
/// Signals computed from numbers alone: the paper's distance of embeddings, and two that it found to be no stopping
/// signals, for the log (docs/method.md).
/// </summary>
internal static class StoppingSignals
{
    /// <summary>
    /// Mean Euclidean distance between two networks' embeddings of the same images (paper eq. 4). Of
    /// unit-length embeddings it is D_emb, 0 to 2.
    /// </summary>
    /// <param name="source">The source network's, [images, length].</param>
    /// <param name="current">The current network's, [images, length].</param>
    public static double EmbeddingDistance(
        ReadOnlySpan<float> source, ReadOnlySpan<float> current, int length)
    {
        if (length < 1 || source.Length != current.Length || source.IsEmpty || source.Length % length != 0)
        {
            throw new ArgumentException(
                $"{source.Length} and {current.Length} values are not embeddings of length {length}.");
        }

        double sum = 0;
        for (int at = 0; at < source.Length; at += length)
        {
            double squares = 0;
            for (int i = at; i < at + length; i++)
            {
                double difference = (double)current[i] - source[i];
                squares += difference * difference;
            }

            sum += Math.Sqrt(squares);
        }

        return sum / (source.Length / length);
    }

    /// <summary>Mean probability of the predicted class; rises even while the segmentation gets worse.</summary>
    public static double MeanConfidence(IEnumerable<float> logits) =>
        logits.Average(logit => 1 / (1 + Math.Exp(-Math.Abs((double)logit))));

    /// <summary>Mean variance over the teacher's views; its extremes do not meet the segmentation's.</summary>
    /// <param name="deviation">Standard deviations over the views, at least one.</param>
    public static double ViewVariance(IEnumerable<float> deviation) =>
        deviation.Average(value => (double)value * value);
}
