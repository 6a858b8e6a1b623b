using System.Text.Json.Nodes;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>run.json and --config, and what shells complete.</summary>
[TestClass]
internal sealed class RunConfigTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Adapt_ConfigOfARun_GivesTheSameWeightsBitForBit()
    {
        First();
        ToolRun.Ok("adapt", "--config", _at.At("first", "run.json"), "--out", _at.At("second"));

        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("first", "adapted.onnx")), File.ReadAllBytes(_at.At("second", "adapted.onnx")));
        Assert.AreEqual(
            File.ReadAllText(_at.At("first", "run.json")), File.ReadAllText(_at.At("second", "run.json")));
        Assert.IsTrue(JsonNode.DeepEquals(
            ToolRun.Json(_at.At("first", "summary.json"))["options"],
            ToolRun.Json(_at.At("second", "summary.json"))["options"]));
    }

    [TestMethod]
    public void Adapt_OptionBesideConfig_ComesFirst()
    {
        First();
        ToolRun.Ok(
            "--config", _at.At("first", "run.json"), "--out", _at.At("second"), "--seed", "9", "--threads", "1");

        JsonObject options = ToolRun.Json(_at.At("second", "run.json"))["options"]!.AsObject();
        Assert.AreEqual("9", (string)options["--seed"]!);
        Assert.AreEqual("12", (string)options["--iterations"]!);
        Assert.AreEqual("2", (string)options["--max-checked-images"]!);
        Assert.AreEqual("0", (string)options["--minutes"]!, "who gives steps is not cut off by time");
        Assert.IsTrue((bool)options["--soft-labels"]!);
        CollectionAssert.AreNotEqual(
            File.ReadAllBytes(_at.At("first", "adapted.onnx")), File.ReadAllBytes(_at.At("second", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_ChangedModel_IsSaid()
    {
        First();
        File.Copy(_at.Checkpoint(), _at.At("tiny.onnx"), overwrite: true);
        ToolResult again = ToolRun.Ok("adapt", "--config", _at.At("first", "run.json"), "--out", _at.At("second"));
        StringAssert.Contains(again.Error, "not the file that the run began with", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("{\"verb\":\"adapt\",\"options\":{\"--iteration\":\"5\"}}", ExitCode.Usage, "Did you mean --iterations?")]
    [DataRow("{\"verb\":\"adapt\",\"options\":{\"--seed\":[1]}}", ExitCode.Usage, "must be a text")]
    [DataRow("{\"verb\":\"adapt\",\"options\":{\"--out\":\"x\"}}", ExitCode.Usage, "no option '--out'")]
    [DataRow("{\"verb\":\"segment\",\"options\":{}}", ExitCode.Usage, "no run.json of adapt")]
    [DataRow("{\"verb\":\"adapt\",\"options\":{\"--seed\":1,\"--seed\":2}}", ExitCode.NoUsableInput, "c.json")]
    [DataRow("{\"a\":1,\"a\":2}", ExitCode.NoUsableInput, "c.json")]
    [DataRow("[]", ExitCode.NoUsableInput, "no JSON object")]
    [DataRow("{", ExitCode.NoUsableInput, "c.json")]
    public void Adapt_WrongConfig_IsRefused(string json, ExitCode code, string word)
    {
        File.WriteAllText(_at.At("c.json"), json);
        ToolRun.Expect(code, word, "adapt", "--config", _at.At("c.json"), "--out", _at.At("out"));
    }

    [TestMethod]
    [DataRow("se", "segment")]
    [DataRow("adapt --see", "--seed")]
    [DataRow("segment --engine o", "ort")]
    [DataRow("export --format bio", "bioimageio")]
    public void Suggest_BeginOfAWord_IsCompleted(string line, string expected)
    {
        ToolResult result = ToolRun.Ok(FormattableString.Invariant($"[suggest:{line.Length}]"), line);
        CollectionAssert.Contains(result.Out.Split('\n').Select(l => l.Trim()).ToArray(), expected, result.Out);
    }

    private void First()
    {
        ToolRun.Ok(
            "adapt", "--model", _at.Onnx(), "--images", _at.Images(3), "--out", _at.At("first"), "--batch-size", "1",
            "--iterations", "12", "--crop", "32", "--views", "2", "--soft-labels", "--stop", "none",
            "--max-checked-images", "2");
    }
}
