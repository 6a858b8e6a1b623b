using System.Text.Json;
using SelfAdapt.Files.Grids;

namespace SelfAdapt.Files.Zarr;

/// <summary>OME-Zarr 0.1 to 0.5: an image in several sizes, several images, or the fields of a plate's wells, in folders.</summary>
internal static class OmeZarr
{
    private const string Ending = ".zarr";

    /// <summary>Whether a path is a folder of Zarr.</summary>
    public static bool IsOne(string path) => Directory.Exists(path) && ZarrFolder.MetadataOf(path) is not null;

    /// <summary>The name of what lies in a folder: the store's, and the way into it where it leads on.</summary>
    public static string NameOf(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(path);
        List<string> inner = [];
        for (string? at = full; !string.IsNullOrEmpty(at); at = Path.GetDirectoryName(at))
        {
            if (at.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
            {
                inner.Add(Path.GetFileNameWithoutExtension(at));
                return string.Join('_', Enumerable.Reverse(inner));
            }

            inner.Add(Path.GetFileName(at));
        }

        return Path.GetFileName(full);
    }

    /// <summary>The folders of the images in a store: those of a plate's fields, of a series, or the folder itself.</summary>
    /// <exception cref="SelfAdaptException">UnreadableInput: the metadata are damaged.</exception>
    public static IReadOnlyList<string> Fields(string path)
    {
        ZarrFolder folder = ZarrFolder.Read(path);
        IReadOnlyList<JsonElement> wells = ZarrFolder.List(ZarrFolder.Object(folder.Ome, "plate"), "wells");
        if (wells.Count > 0)
        {
            return [.. wells.SelectMany(w => Fields(Inside(folder, ZarrFolder.Text(w, "path"))))];
        }

        IReadOnlyList<JsonElement> images = ZarrFolder.List(ZarrFolder.Object(folder.Ome, "well"), "images");
        if (images.Count > 0)
        {
            return [.. images.Select(i => Inside(folder, ZarrFolder.Text(i, "path")))];
        }

        // Bio-Formats' converters number the images of a file.
        if (folder.Ome.TryGetProperty("bioformats2raw.layout", out _))
        {
            string[] series =
            [
                .. Enumerable.Range(0, ImageLimits.Pages).Select(i => Path.Combine(path, FormattableString.Invariant($"{i}")))
                    .TakeWhile(IsOne),
            ];
            return series.Length > 0 ? series : [path];
        }

        return [path];
    }

    /// <summary>Opens an image.</summary>
    /// <param name="level">0 for the full size, 1 for the next smaller copy, and so on.</param>
    /// <exception cref="SelfAdaptException">UnreadableInput: it is no image, damaged, or of a kind that is not read.</exception>
    public static IPictureReader Open(string path, int level)
    {
        ZarrFolder folder = ZarrFolder.Read(path);
        if (folder.Array is not null)
        {
            ZarrArray array = new(folder);
            return level == 0
                ? new GridPictures("Zarr", path, array, Named(folder) ?? Guess(folder, array), "Zarr")
                : throw PictureLevels.Missing(path, level, 0);
        }

        IReadOnlyList<JsonElement> scales = ZarrFolder.List(folder.Ome, "multiscales");
        if (scales.Count == 0)
        {
            throw folder.File.Unsupported(
                "it is a group of Zarr without an image of OME-Zarr (multiscales); name the folder of an image or an array in it");
        }

        IReadOnlyList<JsonElement> datasets = ZarrFolder.List(scales[0], "datasets");
        if (level >= datasets.Count)
        {
            throw datasets.Count == 0
                ? folder.File.Malformed("its multiscales name no dataset")
                : PictureLevels.Missing(path, level, datasets.Count - 1);
        }

        ZarrArray grid = new(ZarrFolder.Read(Inside(folder, ZarrFolder.Text(datasets[level], "path"))));
        IReadOnlyList<JsonElement> axes = ZarrFolder.List(scales[0], "axes");
        string names = axes.Count == 0
            ? "tczyx"
            : string.Concat(axes.Select(a => a.ValueKind == JsonValueKind.String ? a.GetString() : ZarrFolder.Text(a, "name") ?? "?"));
        return new GridPictures("OME-Zarr", path, grid, names, "OME-Zarr", datasets.Count - 1);
    }

    /// <summary>The axes that an array names itself, where they are those of a picture.</summary>
    private static string? Named(ZarrFolder folder)
    {
        IReadOnlyList<JsonElement> names = folder.IsVersion3
            ? ZarrFolder.List(folder.Array!.Value, "dimension_names")
            : ZarrFolder.List(folder.Attributes, "_ARRAY_DIMENSIONS");
        string axes = string.Concat(names.Select(n => n.ValueKind == JsonValueKind.String ? n.GetString() : "?"));
        return GridAxes.AreThose(axes) ? axes : null;
    }

    private static string Guess(ZarrFolder folder, ZarrArray array) =>
        GridAxes.Guess(array.Shape) ?? throw folder.File.Unsupported(
            $"its {string.Join(" x ", array.Shape)} values are no picture's, and nothing says what its axes are");

    private static string Inside(ZarrFolder folder, string? path) =>
        path is null || path.Length == 0 || Path.IsPathRooted(path) || path.Split('/', '\\').Contains("..")
            ? throw folder.File.Malformed($"it names a path that leads nowhere in it ({path ?? "none"})")
            : Path.Combine(folder.Path, path.Replace('/', Path.DirectorySeparatorChar));
}
