namespace SelfAdapt.Tests;

/// <summary>The checkout that the tests were built from.</summary>
internal static class RepositoryFolder
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SelfAdapt.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new AssertFailedException("SelfAdapt.sln is in no folder above the tests");
    }
}
