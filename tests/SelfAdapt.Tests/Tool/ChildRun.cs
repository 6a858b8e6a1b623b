using System.Diagnostics;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tests.Tool;

/// <summary>The command line in a process of its own, for what decides over whole processes: rights, switches.</summary>
internal static class ChildRun
{
    /// <summary>The folder of the built tool.</summary>
    public static string Folder => Path.GetDirectoryName(typeof(Terminal).Assembly.Location)!;

    /// <summary>Runs the tool.</summary>
    /// <param name="args">The words after the program's name.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="before">Words before the program: another one that starts it.</param>
    /// <param name="tool">The folder of the built tool; null: where the tests took it from.</param>
    /// <param name="runtimeConfig">A file to take instead of the tool's own .runtimeconfig.json.</param>
    public static ToolResult Run(
        IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, string[]? before = null,
        string? tool = null, string? runtimeConfig = null)
    {
        if (!Path.GetFileNameWithoutExtension(Environment.ProcessPath!)
            .Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Inconclusive("not run: the tests were not started by dotnet");
        }

        string[] words =
        [
            .. before ?? [], Environment.ProcessPath!, "exec",
            .. runtimeConfig is null ? (string[])[] : ["--runtimeconfig", runtimeConfig],
            Path.Combine(tool ?? Folder, Path.GetFileName(typeof(Terminal).Assembly.Location)), .. args,
        ];
        ProcessStartInfo start = new(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return new ToolResult((ExitCode)child.ExitCode, output, errors.Result);
    }
}
