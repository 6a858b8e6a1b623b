using SelfAdapt.Files;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tool.Models;

/// <summary>The model files among what a user named.</summary>
internal static class ModelFolder
{
    // An archive's first bytes, or a state dict's, tell a checkpoint that has no ending.
    private const int Head = 64;

    private static readonly string[] Endings = [".onnx", ".pt", ".pth", ".safetensors", ".h5", ".keras", ".pkl"];

    /// <summary>Lists model files, each once, in the order given; those of a folder in natural order.</summary>
    /// <param name="given">Files, taken whatever their names, folders, and names of Cellpose's own models.</param>
    /// <returns>At least one.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: a folder holds no model or can't be read.</exception>
    public static IReadOnlyList<string> List(IEnumerable<string> given) =>
        [.. given.SelectMany(path => Directory.Exists(path) ? Of(path) : [path]).Distinct(StringComparer.Ordinal)];

    /// <summary>The models that lie in a folder; may be none.</summary>
    public static string[] Within(string folder) =>
    [
        .. Directory.GetFiles(folder)
            .Where(f => Endings.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase) || IsUnnamedCheckpoint(f))
            .OrderBy(f => Path.GetFileName(f), NaturalOrder.Instance),
    ];

    private static string[] Of(string folder)
    {
        try
        {
            string[] files = Within(folder);
            return files.Length > 0 ? files : throw new SelfAdaptException(
                ErrorKind.UnreadableInput, folder,
                $"holds no model: no checkpoint of Cellpose, and no file that ends in {string.Join(", ", Endings)}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SelfAdaptException(ErrorKind.UnreadableInput, folder, $"can't be read: {e.Message}", e);
        }
    }

    private static bool IsUnnamedCheckpoint(string file)
    {
        if (Path.HasExtension(file))
        {
            return false;
        }

        using FileStream stream = File.OpenRead(file);
        byte[] head = new byte[Head];
        return TorchCheckpoint.LooksLikeOne(head.AsSpan(0, stream.ReadAtLeast(head, Head, throwOnEndOfStream: false)));
    }
}
