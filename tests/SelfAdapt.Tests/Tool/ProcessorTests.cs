using System.Runtime.Intrinsics;
using System.Text.Json.Nodes;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>The same run on processors with other instruction sets, and with other numbers of threads.</summary>
[TestClass]
internal sealed class ProcessorTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void AdaptAndSegment_64Threads_SameBitsAsOne()
    {
        foreach (string threads in (string[])["1", "64"])
        {
            ToolRun.Ok(Adapt(threads, threads));
            ToolRun.Ok(
                "segment", "--model", _at.At(threads, "adapted.onnx"), "--images", _at.Images(1), "--out",
                _at.At("masks" + threads), "--diameter", "12", "--engine", "builtin", "--flow-threshold", "0",
                "--cellprob-threshold", "-100", "--min-size", "1", "--format", "tif,flows", "--threads", threads);
        }

        CollectionAssert.AreEqual(Model("1"), Model("64"));
        foreach (string file in Directory.GetFiles(_at.At("masks1"), "*.tif"))
        {
            CollectionAssert.AreEqual(
                File.ReadAllBytes(file), File.ReadAllBytes(_at.At("masks64", Path.GetFileName(file))), file);
        }
    }

    /// <summary>Switches of the runtime work for a whole process only.</summary>
    [TestMethod]
    [DataRow("AVX2", true, "EnableAVX512")]
    [DataRow("128-bit SIMD", false, "EnableAVX2")]
    [DataRow("scalar", false, "EnableHWIntrinsic")]
    public void Adapt_NarrowerInstructionSet_SameRun(string expected, bool sameBits, string off)
    {
        if (!Vector512.IsHardwareAccelerated)
        {
            Assert.Inconclusive("not run: this processor has no AVX-512");
        }

        ToolRun.Ok(Adapt("here", "2"));
        ToolResult child = ChildRun.Run(
            Adapt("there", "2"), new Dictionary<string, string> { ["DOTNET_" + off] = "0" });
        Assert.AreEqual(ExitCode.Ok, child.Code, child.Out + child.Error);
        StringAssert.Contains(child.Error, $", {expected})", StringComparison.Ordinal);

        double[] here = Losses("here");
        double[] there = Losses("there");
        Assert.HasCount(2, here);
        for (int i = 0; i < here.Length; i++)
        {
            Assert.AreEqual(here[i], there[i], 1e-5 * here[i]);
        }

        if (sameBits)
        {
            CollectionAssert.AreEqual(Model("here"), Model("there"));
        }
    }

    private byte[] Model(string name) => File.ReadAllBytes(_at.At(name, "adapted.onnx"));

    private double[] Losses(string name) =>
    [
        .. File.ReadLines(_at.At(name, "run.jsonl")).Select(l => JsonNode.Parse(l)!)
            .Where(l => (string)l["kind"]! == "step").Select(l => (double)l["loss"]!)
    ];

    private string[] Adapt(string name, string threads) =>
    [
        "adapt", "--model", _at.Onnx(), "--images", _at.Images(1), "--out", _at.At(name), "--iterations", "2",
        "--batch-size", "1", "--crop", "32", "--views", "1", "--eval-every", "2", "--stop", "none", "--diameter", "12",
        "--engine", "builtin", "--threads", threads,
    ];
}
