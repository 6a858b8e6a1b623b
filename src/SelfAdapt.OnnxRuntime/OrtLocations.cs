using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;

namespace SelfAdapt.OnnxRuntime;

/// <summary>Where ONNX Runtime's native library may lie.</summary>
internal static class OrtLocations
{
    // From artifacts/bin/PROJECT/CONFIGURATION up to artifacts.
    private const int BuildDepth = 3;

    private static readonly string[] FileNames =
        OperatingSystem.IsWindows() ? ["onnxruntime.dll"]
        : OperatingSystem.IsMacOS() ? ["libonnxruntime.dylib", "libonnxruntime.1.dylib"]
        : ["libonnxruntime.so", "libonnxruntime.so.1"];

    /// <summary>The library file in a folder, or the path itself if it is none.</summary>
    public static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        return Directory.Exists(full) ? InFolder(full) ?? Path.Combine(full, FileNames[0]) : full;
    }

    /// <summary>
    /// Files that exist next to the program and in the build's artifacts, then names for the system.
    /// </summary>
    public static IEnumerable<string> Candidates()
    {
        string program = AppContext.BaseDirectory;
        List<string> folders = [program, Path.Combine(program, "runtimes", RuntimeIdentifier, "native")];
        DirectoryInfo? parent = new(Path.TrimEndingDirectorySeparator(program));
        for (int i = 0; i < BuildDepth && parent is not null; i++)
        {
            parent = parent.Parent;
        }

        if (parent?.Name == "artifacts")
        {
            folders.Add(Path.Combine(parent.FullName, "onnxruntime"));
        }

        return folders.Select(InFolder).OfType<string>().Concat(FileNames);
    }

    private static string RuntimeIdentifier
    {
        get
        {
            string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            string processor = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
            return $"{system}-{processor}";
        }
    }

    private static string? InFolder(string folder) =>
        FileNames.Select(f => Path.Combine(folder, f)).FirstOrDefault(File.Exists);
}
