namespace SelfAdapt.Tests;

/// <summary>
/// Finds the reference values, models and images that lie beside the checkout (../shared) and can't be part of
/// it for licence reasons. A test that needs one and doesn't find it ends as inconclusive, saying so.
/// </summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>The full path of a file or folder below ../shared; ends the test as inconclusive if absent.</summary>
    public static string Path(params string[] parts)
    {
        string? path = TryPath(parts);
        if (path is null)
        {
            Assert.Inconclusive($"not run: ../shared/{string.Join('/', parts)} is not beside this checkout");
        }

        return path!;
    }

    /// <summary>The full path of a file or folder below ../shared, or null if absent.</summary>
    public static string? TryPath(params string[] parts)
    {
        if (Root is null)
        {
            return null;
        }

        string path = System.IO.Path.Combine(Root, System.IO.Path.Combine(parts));
        return File.Exists(path) || Directory.Exists(path) ? path : null;
    }

    private static string? Find()
    {
        for (DirectoryInfo? dir = new(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(dir.FullName, "SelfAdapt.sln")))
            {
                string shared = System.IO.Path.Combine(dir.FullName, "..", "shared");
                return Directory.Exists(shared) ? System.IO.Path.GetFullPath(shared) : null;
            }
        }

        return null;
    }
}
