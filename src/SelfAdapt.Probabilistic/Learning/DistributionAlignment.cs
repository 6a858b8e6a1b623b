namespace SelfAdapt.Probabilistic.Learning;

/// <summary>
/// Scales pseudo-labels so that a batch has the classes in the shares that they should have. A batch of one class is left as it
/// is: no factor makes the other.
/// </summary>
/// <param name="foreground">The share of foreground that there should be, 0 to 1.</param>
internal sealed class DistributionAlignment(double foreground)
{
    public float[] Align(float[] labels)
    {
        double found = (double)labels.Count(IsForeground) / labels.Length;
        return found is 0 or 1
            ? labels
            : Array.ConvertAll(labels, l => (float)Math.Clamp(
                l * (IsForeground(l) ? foreground / found : (1 - foreground) / (1 - found)), 0, 1));
    }

    private static bool IsForeground(float label) => label >= 0.5f;
}
