using System.Diagnostics;

namespace SelfAdapt.Fuzz;

/// <summary>The built command line tool as a process of its own.</summary>
internal static class BuiltTool
{
    /// <summary>Starts the tool; what it prints is thrown away.</summary>
    /// <param name="tool">The built tool, Adapt.dll.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="compileOnce">Whether the runtime may not compile methods anew that turn out to be much used.</param>
    public static Process Start(string tool, IEnumerable<string> args, bool compileOnce = false)
    {
        ProcessStartInfo info = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["DOTNET_TieredCompilation"] = compileOnce ? "0" : "1";
        info.ArgumentList.Add(tool);
        foreach (string arg in args)
        {
            info.ArgumentList.Add(arg);
        }

        Process process = Process.Start(info)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>The embedded network's file, in the repository that the tool was built in.</summary>
    /// <param name="tool">The built tool, Adapt.dll.</param>
    /// <exception cref="FileNotFoundException">The tool lies outside of the repository.</exception>
    public static string Model(string tool)
    {
        for (DirectoryInfo? at = new(Path.GetDirectoryName(Path.GetFullPath(tool))!); at is not null; at = at.Parent)
        {
            string model = Path.Combine(at.FullName, "models", "nuclei_small.onnx");
            if (File.Exists(model))
            {
                return model;
            }
        }

        throw new FileNotFoundException("models/nuclei_small.onnx is not above the tool.");
    }
}
