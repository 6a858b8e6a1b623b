namespace SelfAdapt.Files.Hdf;

/// <summary>FILE.h5:/group/dataset: an HDF5 file and what of it is meant.</summary>
/// <param name="Dataset">Null: its only one.</param>
internal readonly record struct HdfPath(string File, string? Dataset)
{
    private static readonly string[] Endings = [".h5", ".hdf5", ".hdf"];

    /// <summary>Splits a path; null where it names no HDF5 file that is there.</summary>
    public static HdfPath? TryParse(string path)
    {
        foreach (string ending in Endings)
        {
            if (path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            {
                return System.IO.File.Exists(path) ? new(path, null) : null;
            }

            int at = path.LastIndexOf(ending + ":", StringComparison.OrdinalIgnoreCase);
            if (at > 0 && System.IO.File.Exists(path[..(at + ending.Length)]))
            {
                return new(path[..(at + ending.Length)], path[(at + ending.Length + 1)..]);
            }
        }

        return null;
    }

    /// <summary>The name that results go by.</summary>
    public string Name => Path.GetFileNameWithoutExtension(File)
        + (Dataset is null ? "" : "_" + string.Join('_', Dataset.Split('/', StringSplitOptions.RemoveEmptyEntries)));
}
