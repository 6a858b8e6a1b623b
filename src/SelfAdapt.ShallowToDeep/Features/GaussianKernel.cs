namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>One half of a Gaussian's kernel or of its derivative's, as scipy.ndimage makes them.</summary>
/// <param name="Taps">Weights at distances 0 to radius on the right.</param>
/// <param name="Odd">Whether the left half is the right one's negative.</param>
internal sealed record GaussianKernel(float[] Taps, bool Odd)
{
    public int Radius => Taps.Length - 1;

    /// <param name="order">Which derivative, 0 to 2.</param>
    public static GaussianKernel Create(double sigma, int order)
    {
        int radius = FeatureSet.Radius(sigma);
        double variance = sigma * sigma;
        double[] density = [.. Enumerable.Range(0, radius + 1).Select(x => Math.Exp(-0.5 * x * x / variance))];
        double sum = (2 * density.Sum()) - density[0];
        return new(
            [.. density.Select((d, x) => (float)(d / sum * order switch
            {
                0 => 1,
                1 => x / variance,
                _ => ((x * x / variance) - 1) / variance,
            }))],
            order == 1);
    }
}
