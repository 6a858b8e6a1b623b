namespace SelfAdapt.ShallowToDeep.Enhancer;

/// <summary>1 - 2 sum(p y) / (sum(p^2) + sum(y^2)), p the sigmoid of the logits, over a whole batch.</summary>
internal static class DiceLoss
{
    private const double Least = 1e-6;

    /// <returns>The loss and its gradient by the logits.</returns>
    public static (double Loss, float[] Gradient) Compute(float[] logits, float[] truth)
    {
        double[] p = Array.ConvertAll(logits, l => 1 / (1 + Math.Exp(-(double)l)));
        (double both, double squares) = (0, 0);
        for (int i = 0; i < p.Length; i++)
        {
            both += p[i] * truth[i];
            squares += (p[i] * p[i]) + ((double)truth[i] * truth[i]);
        }

        double below = Math.Max(squares, Least);
        float[] gradient = new float[p.Length];
        for (int i = 0; i < p.Length; i++)
        {
            double byP = ((-2 * truth[i]) + (squares > Least ? 4 * both * p[i] / below : 0)) / below;
            gradient[i] = (float)(byP * p[i] * (1 - p[i]));
        }

        return (1 - (2 * both / below), gradient);
    }
}
