namespace SelfAdapt.Probabilistic.Learning;

/// <summary>The Kullback-Leibler divergence of the posterior from the prior, in closed form.</summary>
internal static class LatentDivergence
{
    /// <summary>Its mean over a batch, with the gradient.</summary>
    /// <param name="latents">Per image, L each: the prior's means and logarithms of deviations, then the posterior's.</param>
    public static (double Loss, float[] Gradient) Compute(ReadOnlySpan<float> latents, int latent)
    {
        int batch = latents.Length / (4 * latent);
        float[] gradient = new float[latents.Length];
        double sum = 0;
        for (int n = 0; n < batch; n++)
        {
            for (int k = 0; k < latent; k++)
            {
                int at = (4 * n * latent) + k;
                (double priorMean, double priorLog) = (latents[at], latents[at + latent]);
                (double mean, double log) = (latents[at + (2 * latent)], latents[at + (3 * latent)]);
                double apart = mean - priorMean;
                double precision = Math.Exp(-2 * priorLog);
                double ratio = Math.Exp(2 * (log - priorLog));
                sum += priorLog - log + ((ratio + (apart * apart * precision)) / 2) - 0.5;
                gradient[at] = (float)(-apart * precision / batch);
                gradient[at + latent] = (float)((1 - ratio - (apart * apart * precision)) / batch);
                gradient[at + (2 * latent)] = (float)(apart * precision / batch);
                gradient[at + (3 * latent)] = (float)((ratio - 1) / batch);
            }
        }

        return (sum / batch, gradient);
    }
}
