using System.Text.Json.Nodes;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>What train writes, and that it segments and adapts.</summary>
[TestClass]
internal sealed class TrainVerbTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    [DataRow("zscore", "zero_mean_unit_variance")]
    [DataRow("percentile", "percentile")]
    public void Train_ModelThatTellsItsNormalization_GoesOnWithIt(string normalize, string expected)
    {
        _at.Images(3, "data");
        _at.Masks(3, "data");
        string[] words =
            ["train", "--images", _at.At("data"), "--epochs", "1", "--batch-size", "2", "--crop", "32", "--min-train-masks", "1", "--out"];
        ToolRun.Ok([.. words, _at.At("first"), "--network", "stardist", "--widths", "1,4,8", "--rays", "8", "--diam-mean", "12", "--normalize", normalize]);
        string model = _at.At("first", "model.onnx");
        ToolRun.Ok([.. words, _at.At("more"), "--model", model]);
        ToolRun.Ok([.. words, _at.At("other"), "--model", model, "--normalize", "none"]);
        string[] told = [.. new[] { "first", "more", "other" }.Select(f => OnnxModel.Load(_at.At(f, "model.onnx")).Metadata["selfadapt.normalization"])];
        CollectionAssert.AreEqual(new[] { expected, expected, "none" }, told);
        JsonObject kept = ToolRun.Json(_at.At("more", "run.json"));
        StringAssert.Contains(kept.ToJsonString(), normalize);
    }

    [TestMethod]
    public void Train_StarDist_WritesModelThatSegmentsAndAdapts()
    {
        _at.Images(3, "data");
        _at.Masks(3, "data");
        ToolRun.Expect(
            ExitCode.Usage, "--grid", "train", "--images", _at.At("data"), "--out", _at.At("none"), "--network", "stardist",
            "--grid", "3");
        ToolRun.Ok(
            "train", "--images", _at.At("data"), "--out", _at.At("out"), "--network", "stardist", "--widths", "1,4,8",
            "--rays", "8", "--diam-mean", "12", "--epochs", "2", "--batch-size", "2", "--crop", "32",
            "--min-train-masks", "1");
        string model = _at.At("out", "model.onnx");
        string told = ToolRun.Run("inspect", model).Out;
        foreach (string word in new[] { "prob (probability), dist (8 distances)", "on the built-in engine", "trained at 12 px" })
        {
            StringAssert.Contains(told, word, StringComparison.Ordinal);
        }

        foreach (string[] more in (string[][])[[], ["--outputs", "probability,rays8"], ["--nms-threshold", "0.2", "--augment"]])
        {
            ToolResult segment = ToolRun.Ok(
                ["segment", "--model", model, "--images", _at.At("data"), "--out", _at.At("masks"), "--diameter", "12",
                "--force", .. more]);
        }

        ToolRun.Expect(
            ExitCode.ModelUnsupported, "coarser than the image", "segment", "--model", model, "--images", _at.At("data"),
            "--out", _at.At("masks"), "--engine", "ort", "--force");
        File.WriteAllText(_at.At("out", "thresholds.json"), "{\"prob\": 2, \"nms\": 0.2}");
        ToolRun.Expect(
            ExitCode.NoUsableInput, "thresholds.json", "segment", "--model", model, "--images", _at.At("data"), "--out",
            _at.At("masks"), "--force");
        File.WriteAllText(_at.At("out", "thresholds.json"), "{\"prob\": 0.0001, \"nms\": 0.2}");
        ToolRun.Ok(
            "adapt", "--model", model, "--images", _at.At("data"), "--out", _at.At("run"), "--iterations", "2", "--crop", "32",
            "--batch-size", "2", "--diameter", "12");
        JsonObject used = ToolRun.Json(_at.At("run", "summary.json"))["segmentation"]!.AsObject();
        Assert.AreEqual(Math.Log(0.0001 / 0.9999), (double)used["cellprob_threshold"]!, 1e-9);
        Assert.AreEqual(0.2, (double)used["nms_threshold"]!);
        Assert.AreEqual(0.0001, (double)ToolRun.Json(_at.At("run", "thresholds.json"))["prob"]!);
        ToolRun.Ok("export", "--model", model, "--run", _at.At("run"), "--variant", "portable", "--out", _at.At("p.onnx"));
        Assert.AreEqual("0.0001", OnnxModel.Load(_at.At("p.onnx")).Metadata["prob_thresh"]);
        Assert.AreEqual(
            OnnxModel.Load(model).Graph.Nodes.Count, OnnxModel.Load(_at.At("run", "adapted.onnx")).Graph.Nodes.Count);
    }

    [TestMethod]
    public void Train_FromScratch_WritesModelThatSegments()
    {
        _at.Images(4, "data");
        _at.Masks(4, "data");
        File.WriteAllText(_at.At("train.txt"), "i0\ni1\ni2\n");
        File.WriteAllText(_at.At("test.txt"), "i3\n");
        ToolRun.Ok(
            "train", "--images", _at.At("data"), "--list", _at.At("train.txt"), "--test-list",
                _at.At("test.txt"),
            "--out", _at.At("out"), "--widths", "2,4,8", "--diam-mean", "12", "--epochs", "3",
                "--batch-size", "2",
            "--crop", "32", "--min-train-masks", "1", "--json", _at.At("r.json"));
        JsonObject json = ToolRun.Json(_at.At("r.json"));
        Assert.AreEqual(3, (int)json["images"]!);
        Assert.AreEqual(3, (int)json["epochs"]!);
        Assert.IsNotNull(json["ap50"]);
        Assert.HasCount(3, File.ReadAllLines(_at.At("out", "train.jsonl")));
        ToolRun.Ok(
            "segment", "--model", _at.At("out", "model"), "--images", _at.At("data"), "--out",
                _at.At("masks"));

        // The checkpoint carries the diameter of the training images.
        double diameter = (double)json["mean_diameter"]!;
        Assert.AreEqual(
            diameter, TorchCheckpoint.Load(_at.At("out", "model")).Find("diam_labels")!.ToFloats()[0], 1e-4);
    }
}
