using SelfAdapt.Adaptation.Foreground;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>The mean of the losses of batches that were run as one.</summary>
internal static class PartLosses
{
    /// <param name="logits">[parts x batch, side, side].</param>
    public static (double Loss, float[] Gradient) Compute(
        ForegroundLoss kind, float[] logits, IReadOnlyList<LearningPart> parts)
    {
        int length = logits.Length / parts.Count;
        double sum = 0;
        float[] gradient = new float[logits.Length];
        for (int i = 0; i < parts.Count; i++)
        {
            (double loss, float[] own) = ForegroundLosses.Compute(
                kind, logits.AsSpan(i * length, length).ToArray(), parts[i].Labels, filter: parts[i].Filter);
            sum += loss / parts.Count;
            for (int k = 0; k < length; k++)
            {
                gradient[(i * length) + k] = own[k] / parts.Count;
            }
        }

        return (sum, gradient);
    }
}
