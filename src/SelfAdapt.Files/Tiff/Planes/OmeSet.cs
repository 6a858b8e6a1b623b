namespace SelfAdapt.Files.Tiff.Planes;

/// <summary>The files beside an OME-TIFF that hold other planes of the same pictures.</summary>
internal sealed class OmeSet : IDisposable
{
    private const int MostFiles = 256;
    private const string FileMark = ".ome.";

    private readonly Dictionary<string, (FileBytes File, List<TiffDirectory> Pages)> _others = [];

    private OmeSet(OmeDescription description) => Description = description;

    /// <summary>What describes the planes of all.</summary>
    public OmeDescription Description { get; }

    /// <summary>The names of the other files and their pages.</summary>
    public IEnumerable<(string Name, FileBytes File, List<TiffDirectory> Pages)> Others =>
        _others.Select(o => (o.Key, o.Value.File, o.Value.Pages));

    /// <summary>Opens the files that a file belongs together with.</summary>
    /// <returns>Null if it belongs to none, or if they are not all there.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: one of them is no TIFF file.</exception>
    public static OmeSet? TryOpen(string path)
    {
        if (DescriptionOf(path) is not { } description || MembersOf(path, description) is not { } members)
        {
            return null;
        }

        OmeSet set = new(description);
        try
        {
            foreach (string member in members.Where(m => m != Path.GetFileName(path)))
            {
                FileBytes file = FileBytes.Open(Beside(path, member));
                set._others.Add(member, (file, []));
                set._others[member] = (file, TiffDirectory.ReadAll(file, out _));
            }
        }
        catch
        {
            set.Dispose();
            throw;
        }

        return set;
    }

    /// <summary>Those files of a list that are not read together with one before them.</summary>
    public static IReadOnlyList<string> Leaders(IReadOnlyList<string> files)
    {
        HashSet<string> followers = [];
        foreach (string file in files.Where(IsMarked))
        {
            if (!followers.Contains(file) && DescriptionOf(file) is { } description)
            {
                string[] members = MembersOf(file, description) ?? [];
                followers.UnionWith(members.Select(m => Beside(file, m)).Where(m => m != file));
            }
        }

        return [.. files.Where(f => !followers.Contains(f))];
    }

    public void Dispose()
    {
        foreach ((FileBytes file, _) in _others.Values)
        {
            file.Dispose();
        }
    }

    private static bool IsMarked(string path) =>
        Path.GetFileName(path).Contains(FileMark, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The files of a file's set, itself among them; null if there is no such set or a file is missing.
    /// </summary>
    private static string[]? MembersOf(string path, OmeDescription description)
    {
        string own = Path.GetFileName(path);
        string[] members = [.. description.FileNames];
        return members.Length is > 1 and <= MostFiles && members.Contains(own)
            && Array.TrueForAll(members, m => m == Path.GetFileName(m) && File.Exists(Beside(path, m)))
            ? members
            : null;
    }

    private static string Beside(string path, string name) => Path.Combine(Path.GetDirectoryName(path) ?? "", name);

    private static OmeDescription? DescriptionOf(string path)
    {
        try
        {
            OmeDescription? description = Read(path);
            return description is { MetadataFile: { } metadata, Series.Count: 0 }
                && metadata == Path.GetFileName(metadata) && File.Exists(Beside(path, metadata))
                ? Read(Beside(path, metadata))
                : description;
        }
        catch (SelfAdaptException)
        {
            // It is told when the file itself is read.
            return null;
        }
    }

    private static OmeDescription? Read(string path)
    {
        using FileBytes file = FileBytes.Open(path);
        bool isTiff = file.Length >= 4 && TiffDirectory.Sniff(file.Slice(0, 4, "the header"));
        return OmeDescription.TryParse(isTiff
            ? TiffDirectory.ReadFirst(file).Text(TiffTag.ImageDescription)
            : System.Text.Encoding.UTF8.GetString(file.Slice(0, file.Length, "the metadata")));
    }
}
