using System.Text.RegularExpressions;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tests.Tool;

/// <summary>A run that is interrupted and goes on leaves what one that was not interrupted leaves.</summary>
[TestClass]
internal sealed partial class ResumeTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Resume_AfterCtrlC_SameModelSameLogNoStrayFiles()
    {
        string[] adapt = Adapt("whole");
        ToolRun.Ok(adapt);

        ToolResult cut = Interrupt("cut", "evaluation at 4:");
        Assert.AreEqual(ExitCode.Cancelled, cut.Code, cut.Error);
        StringAssert.Contains(cut.Out, "--resume", StringComparison.Ordinal);
        Assert.IsTrue(File.Exists(_at.At("cut", "run.state")));

        ToolRun.Ok(Resume("cut"));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("whole", "adapted.onnx")), File.ReadAllBytes(_at.At("cut", "adapted.onnx")));
        Assert.AreEqual(Log("whole"), Log("cut"));
        CollectionAssert.AreEqual(Files("whole"), Files("cut"));
    }

    [TestMethod]
    public void Resume_RunThatIsOver_SaysSo()
    {
        ToolRun.Ok(Adapt("whole"));
        ToolRun.Expect(ExitCode.NoUsableInput, "no state to go on from", Resume("whole"));
    }

    [TestMethod]
    public void Resume_OtherOptions_IsRefused()
    {
        Interrupt("cut", "evaluation at 2:");
        ToolRun.Expect(ExitCode.Usage, "other options", [.. Resume("cut"), "--learning-rate", "0.5"]);
    }

    [TestMethod]
    public void Adapt_FolderOfAnInterruptedRun_OffersToGoOn_BeforeForce()
    {
        Interrupt("cut", "evaluation at 4:");
        string message = ToolRun.Expect(ExitCode.OutputExists, "--resume", Adapt("cut")).Error;
        int resume = message.IndexOf("--resume", StringComparison.Ordinal);
        Assert.IsLessThan(message.IndexOf("--force", StringComparison.Ordinal), resume);
        StringAssert.Contains(message, _at.At("cut", "run.json"), StringComparison.Ordinal);

        ToolRun.Ok(Resume("cut"));
        Assert.DoesNotContain("--resume", ToolRun.Expect(ExitCode.OutputExists, "--force", Adapt("cut")).Error);
    }

    [TestMethod]
    public void Adapt_FolderHeldByAnotherRun_IsRefused()
    {
        Directory.CreateDirectory(_at.At("out"));
        using IDisposable hold = OutputFolder.Hold(_at.At("out"));
        ToolRun.Expect(ExitCode.OutputExists, "another run", [.. Adapt("out"), "--force"]);
    }

    private string[] Adapt(string name) =>
    [
        "adapt", "--model", _at.Onnx(), "--images", _at.Images(3), "--out", _at.At(name), "--iterations", "7",
        "--batch-size", "2", "--crop", "32", "--views", "2", "--eval-every", "2", "--diameter", "13",
        "--flow-threshold", "0", "--cellprob-threshold", "-100", "--min-size", "1",
    ];

    private string[] Resume(string name) =>
        ["adapt", "--config", _at.At(name, "run.json"), "--out", _at.At(name), "--resume"];

    private ToolResult Interrupt(string name, string line) => ToolRun.RunUntil(line, Adapt(name));

    /// <summary>The log without what a clock says.</summary>
    private string Log(string name) => Seconds().Replace(File.ReadAllText(_at.At(name, "run.jsonl")), "");

    private string[] Files(string name) =>
        [.. Directory.EnumerateFileSystemEntries(_at.At(name)).Select(f => Path.GetFileName(f)!).Order()];

    [GeneratedRegex("\"seconds\":[0-9.Ee+-]+")]
    private static partial Regex Seconds();
}
