using System.Diagnostics;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>The script for a GPU machine, with a program in the bundle that only pretends.</summary>
[TestClass]
internal sealed class GpuRunScriptTests : IDisposable
{
    private readonly string _bundle = Directory.CreateTempSubdirectory("gpu-bundle-").FullName;

    public void Dispose() => Directory.Delete(_bundle, true);

    [TestMethod]
    public void Run_NoGpu_SaysSoAndExitsWithTheCodeOfTheTool()
    {
        (int code, string summary) = Run("echo '--device cuda:0: no NVIDIA driver on this machine.'; exit 5");
        Assert.AreEqual((int)ExitCode.DeviceMissing, code);
        StringAssert.Contains(summary, "Nothing was measured", StringComparison.Ordinal);
        StringAssert.Contains(summary, "no NVIDIA driver", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Run_EverythingPasses_PutsTheTablesTogether()
    {
        (int code, string summary) = Run("[ $1 = parity ] && echo '| Conv | 3 | 1e-15 | holds |'; exit 0");
        Assert.AreEqual(0, code, summary);
        StringAssert.Contains(summary, "| Conv | 3 | 1e-15 | holds |", StringComparison.Ordinal);
        StringAssert.Contains(summary, "| benchmarks | passed |", StringComparison.Ordinal);
        StringAssert.Contains(summary, "adaptation | not run", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Run_ParityFails_TheOtherStagesRunAndTheCodeIsOne()
    {
        (int code, string summary) = Run("[ $1 = parity ] && exit 1; exit 0");
        Assert.AreEqual(1, code);
        StringAssert.Contains(summary, "FAILED (1)", StringComparison.Ordinal);
        StringAssert.Contains(summary, "| benchmarks | passed |", StringComparison.Ordinal);
    }

    private (int Code, string Summary) Run(string program)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("not run: the script is for Linux");
        }

        Directory.CreateDirectory(Path.Combine(_bundle, "app"));
        Directory.CreateDirectory(Path.Combine(_bundle, "images"));
        string script = Path.Combine(_bundle, "run.sh");
        File.Copy(Path.Combine(RepositoryFolder.Root, "benchmarks", "gpu", "run.sh"), script);
        string tool = Path.Combine(_bundle, "app", "gpu-machine");
        File.WriteAllText(tool, $"#!/bin/sh\n{program}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        ProcessStartInfo start = new("bash", [script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OUT"] = Path.Combine(_bundle, "results");
        using Process bash = Process.Start(start)!;
        bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        return (bash.ExitCode, File.ReadAllText(Path.Combine(_bundle, "results", "summary.md")));
    }
}
