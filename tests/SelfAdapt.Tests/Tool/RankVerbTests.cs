using System.Text.Json.Nodes;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine.Autodiff;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>What rank says of models of several kinds.</summary>
[TestClass]
internal sealed class RankVerbTests : IDisposable
{
    private static readonly string Trained = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Rank_FolderOfModels_OrdersThoseThatRunAndNamesTheOthers()
    {
        string folder = _at.At("models");
        Directory.CreateDirectory(folder);
        File.Copy(Trained, Path.Combine(folder, "good.onnx"));
        File.Copy(_at.Checkpoint(), Path.Combine(folder, "random"));
        File.Copy(_at.Onnx(), Path.Combine(folder, "random.onnx"));
        File.WriteAllText(Path.Combine(folder, "broken.onnx"), "no model");
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "not looked at");
        File.WriteAllText(Path.Combine(folder, "LICENSE"), "not looked at");
        File.WriteAllBytes(Path.Combine(folder, "unet.onnx"), SmallNetworks.UNet().Bytes);

        ToolResult result = Rank("--models", folder, "--json", _at.At("r.json"));
        Assert.AreEqual(ExitCode.Partly, result.Code, result.Out + result.Error);
        JsonObject json = ToolRun.Json(_at.At("r.json"));
        string[] order = [.. json["models"]!.AsArray().Select(m => Path.GetFileName((string)m!["model"]!))];
        Assert.HasCount(3, order);
        Assert.AreEqual("good.onnx", order[0]);
        Assert.AreEqual((double)json["models"]![1]!["score"]!, (double)json["models"]![2]!["score"]!, "one network in two files");
        Assert.IsGreaterThan((double)json["models"]![1]!["score"]!, (double)json["models"]![0]!["score"]!);
        CollectionAssert.AreEquivalent(
            (string[])["broken.onnx", "unet.onnx"],
            json["skipped"]!.AsArray().Select(s => Path.GetFileName((string)s!["file"]!)).ToArray());
        StringAssert.Contains(result.Out, $"Start from {Path.Combine(folder, "good.onnx")}: ", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Rank_SameModelTwice_SaysThatItIsATie()
    {
        File.Copy(Trained, _at.At("copy.onnx"));
        ToolResult result = Rank("--models", Trained, _at.At("copy.onnx"));
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        StringAssert.Contains(result.Out, "a tie with", StringComparison.Ordinal);
        StringAssert.Contains(result.Out, "50 %", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Rank_NothingFound_IsSaid()
    {
        ToolResult result = Rank("--models", Trained, "--cellprob-threshold", "50");
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        StringAssert.Contains(result.Out, "No model finds a cell", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Rank_NoModelThatRuns_EndsWithItsError()
    {
        Directory.CreateDirectory(_at.At("empty"));
        string images = Images();
        ToolRun.Expect(ExitCode.NoUsableInput, "holds no model", "rank", "--models", _at.At("empty"), "--images", images);
        File.WriteAllText(_at.At("broken.onnx"), "no model");
        ToolRun.Expect(
            ExitCode.ModelMalformed, "broken.onnx", "rank", "--models", _at.At("broken.onnx"), "--images", images);
        ToolRun.Expect(ExitCode.NoUsableInput, "images2", "rank", "--models", Trained, "--images", _at.At("images2"));
    }

    private ToolResult Rank(params string[] more) =>
        ToolRun.Run(["rank", "--images", Images(), "--diameter", "17", "--threads", "2", .. more]);

    private string Images()
    {
        Directory.CreateDirectory(_at.At("images"));
        for (int i = 0; i < 2; i++)
        {
            ImageFile.WriteTiff(_at.At("images", $"i{i}.tif"), MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Diameter = 17, Height = 128, Width = 128, Nuclei = 20 }, (ulong)i).Image);
        }

        return _at.At("images");
    }
}
