using SelfAdapt.Models.Graph;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>Which views the teacher sees.</summary>
internal static class Orientations
{
    private static readonly Orientation[] Ordered =
    [
        Orientation.Identity, Orientation.FlipRows, Orientation.FlipColumns, Orientation.Rotate90, Orientation.Rotate180, Orientation.Rotate270,
        Orientation.Transpose, Orientation.AntiTranspose,
    ];

    /// <summary>The views of a run: one where averaging is off.</summary>
    public static ReadOnlySpan<Orientation> Of(AdaptationOptions options) =>
        First(options.UseViewAveraging ? options.Views : 1);

    /// <summary>
    /// The first views of the order identity, flips, turns, diagonal mirrors: 3 are identity and flips, 6 the
    /// paper's flips and turns, 8 the whole group.
    /// </summary>
    public static ReadOnlySpan<Orientation> First(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Ordered.Length);
        return Ordered.AsSpan(0, count);
    }
}
