namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>Which planes of a file make which image.</summary>
/// <param name="Source">What says so.</param>
/// <param name="Images">For each image the planes that are its channels.</param>
internal sealed record PlaneOrder(string Source, IReadOnlyList<long[]> Images)
{
    /// <summary>Time points.</summary>
    public int Times { get; init; } = 1;

    public int Slices { get; init; } = 1;

    public int Positions { get; init; } = 1;

    /// <summary>Whether a slice's time points follow each other, instead of a time point's slices.</summary>
    public bool TimesFirst { get; init; }

    /// <summary>Whether an image's planes are its rows, with columns below and channels next to each other.</summary>
    public bool IsFolded { get; init; }

    /// <summary>What the reader of the result must know; null for nothing.</summary>
    public string? Note { get; init; }

    /// <summary>The planes that are named.</summary>
    public long Planes => Images.Sum(i => (long)i.Length);

    /// <summary>Images of planes that all are there, in the order of their position.</summary>
    /// <param name="planes">How many planes there are.</param>
    /// <param name="channels">Channels of an image.</param>
    /// <param name="planeOf">The plane of a position and a channel.</param>
    public static PlaneOrder Regular(string source, long planes, int channels, Func<long, int, long> planeOf)
    {
        List<long[]> images = [];
        for (long position = 0; position < planes / channels; position++)
        {
            images.Add([.. Enumerable.Range(0, channels).Select(c => planeOf(position, c))]);
        }

        return new PlaneOrder(source, images);
    }

    /// <summary>
    /// Images of positions of which some may lack a channel: those fall apart into planes, as nobody can tell what
    /// their
    /// channels would be beside the others'.
    /// </summary>
    /// <param name="positions">Per position its planes, and whether these are all channels.</param>
    public static PlaneOrder Ragged(
        string source, IEnumerable<(IReadOnlyCollection<long> Planes, bool IsWhole)> positions)
    {
        List<long[]> images = [];
        bool ragged = false;
        foreach ((IReadOnlyCollection<long> planes, bool isWhole) in positions)
        {
            ragged |= !isWhole;
            images.AddRange(isWhole ? [[.. planes]] : planes.Select(p => new[] { p }));
        }

        return new PlaneOrder(source, images)
        {
            Note = ragged
                ? $"{source} names channels that are not in this file: its planes are read as images of their own"
                : null,
        };
    }

    /// <summary>Every plane an image.</summary>
    public static PlaneOrder Alone(string source, long planes) => Regular(source, planes, 1, (position, _) => position);
}
