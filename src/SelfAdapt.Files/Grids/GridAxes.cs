namespace SelfAdapt.Files.Grids;

/// <summary>What the axes of an array are: t, c, z, y and x, in any order, y and x always.</summary>
internal static class GridAxes
{
    private const string Known = "tczyx";

    /// <summary>At most so many values of an axis are taken for channels where nothing says what it is.</summary>
    private const int MostChannels = 9;

    /// <summary>Whether these can be a picture's axes.</summary>
    public static bool AreThose(string axes) =>
        axes.All(Known.Contains) && axes.Distinct().Count() == axes.Length && axes.Contains('y') && axes.Contains('x');

    /// <summary>
    /// The axes of an array that does not say: rows and columns; with a third axis a short one, the last on ties, is channels
    /// (docs/cellpose.md 3.1), any other first one slices; with more, time first and channels where a short axis is.
    /// </summary>
    /// <returns>Null where no two axes can be rows and columns.</returns>
    public static string? Guess(IReadOnlyList<long> shape)
    {
        if (shape.Count is < 2 or > 5)
        {
            return null;
        }

        if (shape.Count == 2)
        {
            return "yx";
        }

        bool last = shape[^1] <= MostChannels && shape[^2] > MostChannels;
        string behind = last ? "yxc" : "yx";
        string before = (shape.Count - behind.Length) switch
        {
            0 => "",
            1 => last || shape[0] > MostChannels ? "z" : "c",
            2 => last ? "tz" : shape[1] <= MostChannels ? "zc" : shape[0] <= MostChannels ? "cz" : "tz",
            _ => last ? "" : "tzc",
        };
        return before.Length + behind.Length == shape.Count ? before + behind : null;
    }
}
