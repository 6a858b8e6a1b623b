using System.Globalization;

namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>
/// What a forest sees of a pixel, in full: which filters at which scales, in which order, by which rules. It is stored
/// with the forest, and a forest is not run on other features than those that it has learnt from.
/// </summary>
internal sealed class FeatureSet : IEquatable<FeatureSet>
{
    /// <summary>
    /// The rules: Gaussian kernels cut off at 4 sigma, edges mirrored with the edge pixel repeated; the structure tensor's
    /// outer scale is half its inner one; intensities scaled so that the 1st and 99th percentile are 0 and 1. A change of
    /// any of them is another number.
    /// </summary>
    public const int CurrentVersion = 1;

    /// <summary>The outer scale of the structure tensor, in inner scales.</summary>
    public const double OuterScale = 0.5;

    private const double Truncation = 4;
    private const int MostColumns = 255;
    private const double MostSigma = 50;

    private readonly (PixelFilter Filter, double Sigma)[] _columns;

    private FeatureSet(int version, IEnumerable<(PixelFilter Filter, double Sigma)> filters)
    {
        Version = version;
        Filters = [.. filters];
        _columns = [.. Filters.SelectMany(f => Enumerable.Repeat(f, ColumnsOf(f.Filter)))];
    }

    /// <summary>The common part of the paper's and ilastik's features: 43 columns.</summary>
    public static FeatureSet Full { get; } = Of([0.7, 1.0, 1.6, 3.5, 5.0, 10.0], 0.3);

    /// <summary>Fewer scales: 28 columns.</summary>
    public static FeatureSet Fast { get; } = Of([0.7, 1.6, 3.5, 5.0]);

    public int Version { get; }

    /// <summary>In the order of the columns; one with eigenvalues takes two.</summary>
    public IReadOnlyList<(PixelFilter Filter, double Sigma)> Filters { get; }

    public int Columns => _columns.Length;

    /// <summary>How far a pixel sees, px.</summary>
    public int Reach => Filters.Max(f => Radius(f.Sigma)
        + (f.Filter == PixelFilter.StructureTensorEigenvalues ? Radius(OuterScale * f.Sigma) : 0));

    /// <summary>How far a Gaussian's kernel goes, px.</summary>
    public static int Radius(double sigma) => (int)((Truncation * sigma) + 0.5);

    /// <summary>Reads what <see cref="ToString"/> has written.</summary>
    /// <returns>Null where it is no description, or one of another version's rules.</returns>
    public static FeatureSet? Parse(string text)
    {
        string[] words = text.Split(' ');
        if (words.Length is < 2 or > MostColumns || words[0] != $"v{CurrentVersion}")
        {
            return null;
        }

        List<(PixelFilter, double)> filters = [];
        foreach (string word in words.Skip(1))
        {
            string[] parts = word.Split('@');
            if (parts.Length != 2 || !Enum.TryParse(parts[0], out PixelFilter filter) || !Enum.IsDefined(filter)
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double sigma)
                || !(sigma is > 0.1 and <= MostSigma))
            {
                return null;
            }

            filters.Add((filter, sigma));
        }

        FeatureSet set = new(CurrentVersion, filters);
        return set.Columns <= MostColumns ? set : null;
    }

    /// <summary>The description that is stored and compared.</summary>
    public override string ToString() => $"v{Version} " + string.Join(
        ' ', Filters.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Filter}@{f.Sigma}")));

    public bool Equals(FeatureSet? other) => other is not null && ToString() == other.ToString();

    public override bool Equals(object? obj) => Equals(obj as FeatureSet);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    internal static int ColumnsOf(PixelFilter filter) =>
        filter is PixelFilter.HessianEigenvalues or PixelFilter.StructureTensorEigenvalues ? 2 : 1;

    private static FeatureSet Of(double[] sigmas, params double[] smoothOnly) => new(
        CurrentVersion,
        [
            .. smoothOnly.Concat(sigmas).Select(s => (PixelFilter.Gaussian, s)),
            .. Enum.GetValues<PixelFilter>().Where(f => f != PixelFilter.Gaussian)
                .SelectMany(f => sigmas.Select(s => (f, s))),
        ]);
}
