namespace SelfAdapt.Adaptation.Foreground;

/// <summary>What a prediction is compared with the truth by.</summary>
internal enum ForegroundLoss
{
    /// <summary>Binary cross-entropy.</summary>
    Bce,

    /// <summary>1 - Dice's coefficient: few and thin objects count as much as many.</summary>
    Dice,
}

/// <summary>Losses of logits against truth from 0 to 1, with their gradients by the logits.</summary>
internal static class ForegroundLosses
{
    private const double Least = 1e-6;

    /// <summary>The loss of a kind, over a whole batch.</summary>
    /// <param name="background">How much each pixel speaks for background; null: 1 - truth.</param>
    /// <param name="filter">How much each pixel counts; null: all alike. Where none does, the loss is 0.</param>
    public static (double Loss, float[] Gradient) Compute(
        ForegroundLoss kind, float[] logits, float[] truth, float[]? background = null, float[]? filter = null) =>
        filter is not null && Array.TrueForAll(filter, f => f == 0) ? (0, new float[logits.Length])
        : kind == ForegroundLoss.Dice ? Dice(logits, truth, filter)
        : Bce(logits, truth, background, filter);

    public static double Probability(float logit) => 1 / (1 + Math.Exp(-(double)logit));

    /// <summary>The mean of -(t ln p + b ln(1 - p)).</summary>
    private static (double Loss, float[] Gradient) Bce(
        float[] logits, float[] truth, float[]? background, float[]? filter)
    {
        float[] gradient = new float[logits.Length];
        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            (double l, double t) = (logits[i], truth[i]);
            double b = background?[i] ?? 1 - t;
            double weight = filter?[i] ?? 1;

            // ln p = -softplus(-l), ln(1 - p) = -softplus(l).
            double tail = Math.Log(1 + Math.Exp(-Math.Abs(l)));
            sum += weight * ((t * (Math.Max(-l, 0) + tail)) + (b * (Math.Max(l, 0) + tail)));
            double p = Probability(logits[i]);
            gradient[i] = (float)(weight * ((b * p) - (t * (1 - p))) / logits.Length);
        }

        return (sum / logits.Length, gradient);
    }

    /// <summary>1 - 2 sum(p t) / (sum(p^2) + sum(t^2)), of p and t times the filter.</summary>
    private static (double Loss, float[] Gradient) Dice(float[] logits, float[] truth, float[]? filter)
    {
        double[] p = Array.ConvertAll(logits, Probability);
        (double both, double squares) = (0, 0);
        for (int i = 0; i < p.Length; i++)
        {
            double f = filter?[i] ?? 1;
            both += f * f * p[i] * truth[i];
            squares += f * f * ((p[i] * p[i]) + ((double)truth[i] * truth[i]));
        }

        double below = Math.Max(squares, Least);
        float[] gradient = new float[p.Length];
        for (int i = 0; i < p.Length; i++)
        {
            double f = filter?[i] ?? 1;
            double byP = f * f * ((-2 * truth[i]) + (squares > Least ? 4 * both * p[i] / below : 0)) / below;
            gradient[i] = (float)(byP * p[i] * (1 - p[i]));
        }

        return (1 - (2 * both / below), gradient);
    }
}
