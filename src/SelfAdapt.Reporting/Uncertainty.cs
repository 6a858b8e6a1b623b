namespace SelfAdapt.Reporting;

/// <summary>How sure a figure is, from how much it was counted over.</summary>
internal static class Uncertainty
{
    /// <summary>Standard errors in an interval that holds the truth 95 times of 100.</summary>
    private const double Z = 1.96;

    /// <summary>Wilson's 95 % interval of a fraction; 0 to 1 where nothing was counted.</summary>
    /// <param name="count">Of how many it was counted.</param>
    public static (double Low, double High) OfFraction(double fraction, int count)
    {
        if (count == 0)
        {
            return (0, 1);
        }

        double scale = 1 / (1 + (Z * Z / count));
        double middle = scale * (fraction + (Z * Z / (2 * count)));
        double half = scale * Z * Math.Sqrt((fraction * (1 - fraction) / count) + (Z * Z / (4.0 * count * count)));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}

/// <summary>Means of a measure on the same images before and after.</summary>
/// <param name="StandardError">Of the mean difference over images; null for a single image.</param>
internal readonly record struct PairedDifference(double Before, double After, double? StandardError)
{
    // Smaller ones are no difference that anyone would see.
    private const double Least = 0.005;
    private const double ClearErrors = 2;

    public static PairedDifference Of(IReadOnlyCollection<(double Before, double After)> pairs)
    {
        (double before, double after) = (pairs.Average(p => p.Before), pairs.Average(p => p.After));
        if (pairs.Count < 2)
        {
            return new(before, after, null);
        }

        double squares = pairs.Sum(p => Math.Pow(p.After - p.Before - (after - before), 2));
        return new(before, after, Math.Sqrt(squares / (pairs.Count - 1) / pairs.Count));
    }

    /// <summary>1 where after is clearly above, -1 where it is clearly below, 0 where that can't be told.</summary>
    public int Sign => Math.Abs(After - Before) > Math.Max(Least, ClearErrors * (StandardError ?? 0))
        ? Math.Sign(After - Before)
        : 0;
}
