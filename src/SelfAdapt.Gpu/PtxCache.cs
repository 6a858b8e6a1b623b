using System.Security.Cryptography;
using System.Text;

namespace SelfAdapt.Gpu;

/// <summary>
/// Texts kept between runs, one file each. It only saves time: a file that is damaged is made anew, and a folder that
/// can't be written is no error.
/// </summary>
internal sealed class PtxCache(string folder)
{
    /// <summary>The user's own: XDG_CACHE_HOME or ~/.cache, on Windows the local application data.</summary>
    public static PtxCache OfUser { get; } = new(Path.Combine(UserFolder(), "selfadapt", "kernels"));

    /// <summary>A text from the cache, or made anew and kept.</summary>
    /// <param name="version">Everything that decides it.</param>
    public string Get(string name, string version, Func<string> make)
    {
        string file = Path.Combine(folder, $"{name}-{Hash(version)[..16]}.ptx");
        if (Read(file) is { } known)
        {
            return known;
        }

        string text = make();
        Write(file, text);
        return text;
    }

    private static string? Read(string file)
    {
        try
        {
            string[] parts = File.ReadAllText(file).Split('\n', 2);
            return parts.Length == 2 && parts[0] == Head(parts[1]) ? parts[1] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void Write(string file, string text)
    {
        string part = $"{file}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(part, $"{Head(text)}\n{text}");
            File.Move(part, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(part);
        }
    }

    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It was never made, or stays behind.
        }
    }

    private static string Head(string text) => $"// sha256: {Hash(text)}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string UserFolder() =>
        OperatingSystem.IsWindows()
            ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}
