using System;
using SelfAdapt.Engine;

namespace SelfAdapt.Adaptation;

/// <summary>Which views the teacher sees.</summary>
internal static class ViewSets
{
    private static readonly View[] Ordered =
    [
        View.Identity, View.FlipRows, View.FlipColumns, View.Rotate90, View.Rotate180, View.Rotate270,
        View.Transpose, View.AntiTranspose,
    ];

    /// <summary>The views of a run: one where averaging is off.</summary>
    public static ReadOnlySpan<View> Of(AdaptationOptions options) =>
        First(options.UseViewAveraging ? options.Views : 1);

    /// <summary>
    /// The first views of the order identity, flips, turns, diagonal mirrors: 3 are identity and flips, 6 the
    /// paper's flips and turns, 8 the whole group.
    /// </summary>
    /// <param name="count">1 to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is not 1 to 8.</exception>
    public static ReadOnlySpan<View> First(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Ordered.Length);
        return Ordered.AsSpan(0, count);
    }
}
