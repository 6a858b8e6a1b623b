using SelfAdapt.Tool.Inputs;

namespace SelfAdapt.Tool.Results;

/// <summary>The maps that 'strokes' writes beside its masks.</summary>
internal static class StrokeMaps
{
    // The better map comes first.
    private static readonly string[] Endings = ["_enhanced.tif", "_forest.tif"];

    /// <param name="enhanced">Whether the map is repaired.</param>
    public static string File(string folder, string image, bool enhanced) => Path.Combine(folder, image + Endings[enhanced ? 0 : 1]);

    /// <summary>The best map of an image; null where there is none.</summary>
    public static string? Find(string folder, string image) =>
        Endings.Select(e => Path.Combine(folder, image + e)).FirstOrDefault(System.IO.File.Exists);

    /// <summary>The best map that lies beside an image's masks; null where there is none.</summary>
    public static string? Beside(string masks) => Path.GetFileNameWithoutExtension(masks) is var stem && stem.EndsWith(MaskFolder.CellposeEnding, StringComparison.Ordinal)
        ? Find(Path.GetDirectoryName(Path.GetFullPath(masks))!, stem[..^MaskFolder.CellposeEnding.Length])
        : null;

    public static bool AreIn(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any(f => Endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)));
}
