namespace SelfAdapt.Tool.Viewer;

/// <summary>onnxruntime-web, which the build fetches through npm.</summary>
internal static class WebRuntime
{
    private const string FolderName = "onnxruntime-web";

    // From artifacts/bin/PROJECT/CONFIGURATION up to artifacts.
    private const int BuildDepth = 3;

    /// <summary>What the page loads.</summary>
    public static IReadOnlyList<string> Files { get; } =
        ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

    /// <summary>What people are told where it is missing.</summary>
    public const string Missing =
        "Trying images here needs onnxruntime-web, which this build does not have: build the program once with npm and "
        + "a network at hand. Everything else works without it.";

    /// <summary>Its folder, beside the program or in the build's artifacts; null where it is missing.</summary>
    public static string? Find()
    {
        string program = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        DirectoryInfo? artifacts = new(program);
        for (int i = 0; i < BuildDepth && artifacts is not null; i++)
        {
            artifacts = artifacts.Parent;
        }

        string[] folders = artifacts?.Name == "artifacts"
            ? [Path.Combine(program, FolderName), Path.Combine(artifacts.FullName, FolderName)]
            : [Path.Combine(program, FolderName)];
        return folders.FirstOrDefault(f => Files.All(name => File.Exists(Path.Combine(f, name))));
    }
}
