using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tests.Tool;

/// <summary>The power of intensities through the whole tool: found, written, read, exported.</summary>
[TestClass]
internal sealed class GammaTests : IDisposable
{
    private static readonly string Model = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Adapt_DimNuclei_FindsThePower_AndEveryWayOfTheModelTakesIt()
    {
        string images = Dim(4);
        string[] adapt =
            ["adapt", "--model", Model, "--images", images, "--diameter", "17", "--minutes", "0", "--batch-size", "2", "--crop", "64"];
        ToolResult run = ToolRun.Ok([.. adapt, "--out", _at.At("run"), "--iterations", "20", "--keep-snapshots"]);
        JsonObject result = ToolRun.Json(_at.At("run", "summary.json"));
        double gamma = (double)result["gamma"]!;
        Assert.IsLessThan(1, gamma);
        Assert.IsFalse((bool)result["kept_original"]!);
        JsonArray points = result["evaluations"]!.AsArray();
        Assert.AreEqual((0, 1.0), ((int)points[0]!["iteration"]!, (double)points[0]!["gamma"]!));
        Assert.AreEqual(
            ((int)result["kept_iteration"]!, gamma), ((int)points[^1]!["iteration"]!, (double)points[^1]!["gamma"]!));
        Assert.IsTrue(points.SkipLast(1).All(p => (double)p!["gamma"]! == 1));
        Assert.IsGreaterThan((int)points[0]!["cells"]!, (int)points[^1]!["cells"]!);
        Assert.AreEqual(gamma, InputPower.Of(OnnxModel.Load(_at.At("run", "adapted.onnx"))));

        // The same masks from the model by either engine, and from an export.
        string[] segment = ["--images", images, "--diameter", "17"];
        ToolRun.Expect(
            ExitCode.Ok, "gamma", ["segment", "--model", _at.At("run", "adapted.onnx"), .. segment, "--out", _at.At("built-in")]);
        ToolRun.Expect(
            ExitCode.Ok, "gamma",
            ["segment", "--model", _at.At("run", "adapted.onnx"), .. segment, "--out", _at.At("ort"), "--engine", "ort"]);
        ToolResult exported = ToolRun.Ok(
            "export", "--model", Model, "--run", _at.At("run"), "--variant", "portable", "--out", _at.At("portable.onnx"));
        ToolRun.Expect(
            ExitCode.Ok, "gamma", ["segment", "--model", _at.At("portable.onnx"), .. segment, "--out", _at.At("exported")]);
        foreach (string file in Directory.GetFiles(_at.At("run", "masks_after")))
        {
            string name = Path.GetFileName(file);
            LabelImage expected = LabelFile.Read(file);
            CollectionAssert.AreEqual(expected.Labels, LabelFile.Read(_at.At("built-in", name)).Labels, name);
            CollectionAssert.AreEqual(expected.Labels, LabelFile.Read(_at.At("exported", name)).Labels, name);
            int differing = expected.Labels.Zip(LabelFile.Read(_at.At("ort", name)).Labels).Count(p => (p.First > 0) != (p.Second > 0));
            Assert.IsLessThan(expected.Labels.Length / 500, differing, name);
        }

        // A run that goes on ends as one that was never stopped.
        ToolResult stopped = ToolRun.RunUntil(
            "evaluation at 10", [.. adapt, "--out", _at.At("again"), "--iterations", "20", "--keep-snapshots"]);
        Assert.AreEqual(ExitCode.Cancelled, stopped.Code, stopped.Error);
        ToolRun.Ok("adapt", "--config", _at.At("again", "run.json"), "--out", _at.At("again"), "--resume");
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("run", "adapted.onnx")), File.ReadAllBytes(_at.At("again", "adapted.onnx")));

        // Adapted once more: what was found goes on from the power that the model has.
        ToolResult second = ToolRun.Ok(
            "adapt", "--model", _at.At("run", "adapted.onnx"), "--images", images, "--diameter", "17", "--iterations", "0", "--out",
            _at.At("second"));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("run", "adapted.onnx")), File.ReadAllBytes(_at.At("second", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_NoSteps_LooksForNoPower_AndKeepsEveryByte()
    {
        ToolResult run = ToolRun.Ok(
            "adapt", "--model", Model, "--images", Dim(2), "--diameter", "17", "--iterations", "0", "--out", _at.At("run"));
        CollectionAssert.AreEqual(File.ReadAllBytes(Model), File.ReadAllBytes(_at.At("run", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_PowerGiven_IsTaken_ACheckpointsRunRemembersIt()
    {
        ToolResult run = ToolRun.Ok(
            "adapt", "--model", _at.Checkpoint(), "--images", _at.Images(2), "--gamma", "0.8", "--iterations", "1", "--batch-size", "1",
            "--crop", "32", "--diameter", "12", "--stop", "none", "--out", _at.At("run"));
        Assert.AreEqual(0.8, InputPower.Of(OnnxModel.Load(_at.At("run", "adapted.onnx"))));
        Assert.AreEqual(0.8, ModelFile.Load(_at.At("run", "adapted")).Gamma);
        ToolResult exported = ToolRun.Run(
            "export", "--model", _at.Checkpoint(), "--run", _at.At("run"), "--format", "cellpose", "--out", _at.At("out"));
        StringAssert.Contains(exported.Error, "no place for the power", StringComparison.Ordinal);
    }

    /// <summary>Nuclei of which most are dim: their intensities are squared and more.</summary>
    private string Dim(int count)
    {
        string folder = _at.At("images");
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            Image image = MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Diameter = 17, Height = 192, Width = 192, Nuclei = 40 }, (ulong)i).Image;
            float top = image.Pixels.Max();
            ImageFile.WriteTiff(
                Path.Combine(folder, $"i{i}.tif"),
                new Image(1, image.Height, image.Width, [.. image.Pixels.Select(p => MathF.Pow(MathF.Max(0, p) / top, 3f))]));
        }

        return folder;
    }
}
