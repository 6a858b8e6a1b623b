using System.Text.Json;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>adapt in processes that a real mpirun starts, where there is one.</summary>
[TestClass]
internal sealed class MpiTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Adapt_TwoProcesses_LeaveWhatOneLeaves()
    {
        string[] mpirun = Mpirun(2);
        ToolResult one = ToolRun.Ok(Adapt("one"));
        ToolResult two = ChildRun.Run(Adapt("two"), before: mpirun);
        Assert.AreEqual(ExitCode.Ok, two.Code, two.Error);
        StringAssert.Contains(two.Error, "2 processes share each step's 3 crops", StringComparison.Ordinal);
        StringAssert.Contains(two.Error, "Between the processes", StringComparison.Ordinal);
        Assert.AreEqual(1, two.Out.Split("Everything is in").Length - 1, "one of them talks");
        CollectionAssert.AreEqual(Files("one"), Files("two"));
        (double[] losses, double[] divided) = (Losses("one"), Losses("two"));
        Assert.HasCount(losses.Length, divided);
        Assert.AreEqual(losses[0], divided[0], 1e-6 * losses[0]);
        Assert.AreEqual(losses[^1], divided[^1], 1e-3 * losses[^1]);
    }

    [TestMethod]
    public void Adapt_WhatIsWrongForAll_IsSaidOnce()
    {
        string[] mpirun = Mpirun(2);
        ToolResult result = ChildRun.Run(Adapt("out", batch: "1"), before: mpirun);
        Assert.AreEqual(ExitCode.Usage, result.Code, result.Error);
        Assert.AreEqual(1, result.Error.Split("can't be divided over 2 processes").Length - 1, result.Error);
    }

    private static string[] Mpirun(int processes)
    {
        string? mpirun = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "mpirun")).FirstOrDefault(File.Exists);
        if (mpirun is null)
        {
            Assert.Inconclusive("not run: mpirun is not installed");
        }

        // Open MPI refuses root, and more processes than processors, unless told otherwise; MPICH knows neither word.
        return [mpirun!, .. IsOpenMpi(mpirun!) ? ["--allow-run-as-root", "--oversubscribe"] : (string[])[], "-n", $"{processes}"];
    }

    private static bool IsOpenMpi(string mpirun) =>
        File.ResolveLinkTarget(mpirun, returnFinalTarget: true)?.Name is not { } target
        || !target.Contains("hydra", StringComparison.OrdinalIgnoreCase);

    private string[] Adapt(string name, string batch = "3") =>
    [
        "adapt", "--model", _at.Onnx(), "--images", _at.Images(3), "--out", _at.At(name), "--iterations", "4",
        "--batch-size", batch, "--crop", "32", "--views", "2", "--eval-every", "2", "--diameter", "13", "--engine", "builtin",
        "--flow-threshold", "0", "--cellprob-threshold", "-100", "--min-size", "1", "--threads", "1",
    ];

    private string[] Files(string name) =>
        [.. Directory.GetFiles(_at.At(name), "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(_at.At(name), f)).Order(StringComparer.Ordinal)];

    private double[] Losses(string name) =>
    [
        .. File.ReadLines(_at.At(name, "run.jsonl")).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.GetProperty("kind").GetString() == "step").Select(l => l.GetProperty("loss").GetDouble()),
    ];
}
