using System.Diagnostics;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tests.Tool.Studio;

/// <summary>A studio in a process of its own, as a user starts it.</summary>
internal sealed class StudioProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="images">The folder; null: the page asks for one.</param>
    public StudioProcess(string? images)
    {
        if (!Path.GetFileNameWithoutExtension(Environment.ProcessPath!).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Inconclusive("not run: the tests were not started by dotnet");
        }

        string tool = Path.Combine(ChildRun.Folder, Path.GetFileName(typeof(Terminal).Assembly.Location));
        _process = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", tool, "studio", .. images is null ? [] : (string[])[images], "--no-browser"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.BeginErrorReadLine();
        Address = _process.StandardOutput.ReadLine() ?? throw new AssertFailedException("The studio printed no address.");
    }

    /// <summary>The address with the key.</summary>
    public string Address { get; }

    /// <summary>Ends it as a power cut would; its runs are processes of their own and go on.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
