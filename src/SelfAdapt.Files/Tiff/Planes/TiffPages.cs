namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>The pages of a file that hold images, for those who know what its planes are.</summary>
/// <param name="Name">The file's path.</param>
/// <param name="Directories">Their tags.</param>
/// <param name="Pages">Their layout, in the same order.</param>
internal sealed record TiffPages(
    string Name, IReadOnlyList<TiffDirectory> Directories, IReadOnlyList<TiffPage> Pages)
{
    /// <summary>The first page's description.</summary>
    public string Description { get; } = Directories[0].Text(TiffTag.ImageDescription);

    /// <summary>Planes that the pages declare.</summary>
    public int Planes { get; } = Pages.Sum(p => p.Slices);

    /// <summary>Whether planes without pages of their own can lie behind the only page.</summary>
    public bool CanBeFollowed => Pages.Count == 1 && Pages[0].CanBeFollowed;

    /// <summary>Whether so many planes are there, or can be.</summary>
    public bool CanHold(long planes) => planes == Planes || (CanBeFollowed && planes is > 0 and <= ImageLimits.Pages);
}
