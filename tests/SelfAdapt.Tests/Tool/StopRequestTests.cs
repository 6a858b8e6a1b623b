using System.Diagnostics;
using System.Text.Json.Nodes;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tests.Tool;

/// <summary>A run that another program asks to end, through a file.</summary>
[TestClass]
internal sealed class StopRequestTests
{
    [TestMethod]
    public void Pause_SavesTheState_AndTheRunGoesOn_UntilKeepEndsIt()
    {
        using ToolRun run = new();
        string folder = run.At("out");
        string[] words =
        [
            "adapt", "--model", run.Onnx(), "--images", run.Images(2), "--out", folder, "--iterations", "1000000", "--stop", "none",
            "--batch-size", "1", "--crop", "16", "--engine", "builtin",
        ];
        ToolResult paused = RunAndAsk(folder, pause: true, words);
        Assert.AreEqual(ExitCode.Cancelled, paused.Code, paused.Error);
        StringAssert.Contains(paused.Out, "Paused after step", StringComparison.Ordinal);
        Assert.IsTrue(RunFolder.HoldsInterruptedRun(folder));
        Assert.IsFalse(File.Exists(RunFolder.Summary(folder)));
        Assert.IsFalse(StopRequest.IsAsked(folder), "the request is gone with the run");
        long before = new FileInfo(RunFolder.Log(folder)).Length;

        ToolResult kept = RunAndAsk(folder, pause: false, "adapt", "--config", RunFolder.Config(folder), "--out", folder, "--resume");
        Assert.AreEqual(ExitCode.Cancelled, kept.Code, kept.Error);
        JsonObject summary = ToolRun.Json(RunFolder.Summary(folder));
        Assert.AreEqual("cancelled", (string)summary["stop_reason"]!);
        StringAssert.Contains((string)summary["verdict"]!["reason"]!, "stopped by hand", StringComparison.Ordinal);
        Assert.IsGreaterThan(before, new FileInfo(RunFolder.Log(folder)).Length);
        Assert.IsTrue(File.Exists(RunFolder.Adapted(folder)));
    }

    private static ToolResult RunAndAsk(string folder, bool pause, params string[] words)
    {
        string log = RunFolder.Log(folder);
        long before = File.Exists(log) ? new FileInfo(log).Length : 0;
        Task<ToolResult> running = Task.Run(() => ToolRun.Run(words));
        Stopwatch watch = Stopwatch.StartNew();
        while (!running.IsCompleted && (!File.Exists(log) || new FileInfo(log).Length < before + 2000))
        {
            Assert.IsLessThan(120, watch.Elapsed.TotalSeconds, "the run made no step");
            Thread.Sleep(20);
        }

        if (!running.IsCompleted)
        {
            StopRequest.Ask(folder, pause);
        }

        return running.Result;
    }
}
