using SelfAdapt.Files.Hdf;
using SelfAdapt.Files.Zarr;

namespace SelfAdapt.Files.Images;

/// <summary>Images that are arrays in folders or in files of many: OME-Zarr, Zarr, HDF5.</summary>
internal static class NumberGrids
{
    /// <summary>Whether a path names one, or a store of several.</summary>
    public static bool IsOne(string path) => HdfPath.TryParse(path) is not null || OmeZarr.IsOne(path);

    /// <summary>The paths of the images in a store; the path itself where it is one image, or none of these.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: its metadata are damaged.</exception>
    public static IReadOnlyList<string> Fields(string path) => OmeZarr.IsOne(path) ? OmeZarr.Fields(path) : [path];

    /// <summary>The name that an image's results go by; null for files of other kinds.</summary>
    public static string? NameOf(string path) => HdfPath.TryParse(path)?.Name ?? (OmeZarr.IsOne(path) ? OmeZarr.NameOf(path) : null);

    /// <summary>A file that is there and changes when the image is made anew.</summary>
    public static string FileOf(string path) => HdfPath.TryParse(path)?.File ?? ZarrFolder.MetadataOf(path) ?? path;

    /// <summary>Opens an image; null for files of other kinds.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is damaged, or of a kind that is not read.</exception>
    public static IPictureReader? TryOpen(string path, int level) =>
        HdfPath.TryParse(path) is { } hdf
            ? level == 0 ? HdfGrid.Open(path, hdf) : throw PictureLevels.Missing(path, level, 0)
        : OmeZarr.IsOne(path) ? OmeZarr.Open(path, level)
        : null;
}
