using System.Text.Json.Nodes;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Adaptation;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Tool;

/// <summary>Dark objects on a bright ground, for a model of bright ones: found, kept by the run and by its results.</summary>
[TestClass]
internal sealed class InversionTests : IDisposable
{
    private const string Said = "images are inverted";

    private static readonly string Model = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void DarkNuclei_AreFoundInverted_AndStaySo()
    {
        Write("images", 0, 3, dark: true);
        Write("labels", 0, 3, dark: true, labels: true);
        string[] segment = ["segment", "--model", Model, "--images", _at.At("images")];
        ToolRun.Expect(ExitCode.Ok, Said, [.. segment, "--out", _at.At("found")]);
        ToolResult asItIs = ToolRun.Run([.. segment, "--no-invert", "--diameter", "17", "--out", _at.At("as it is")]);
        Assert.DoesNotContain(Said, asItIs.Error);
        Assert.IsGreaterThan(0.7, Precision("found"));
        Assert.IsLessThan(0.2, Precision("as it is"));

        // An image that joins them is not asked for; nor is one for the model of a run.
        Write("more", 5, 1, dark: false);
        ToolResult joined = ToolRun.Run("segment", "--model", Model, "--images", _at.At("more"), "--out", _at.At("found"));
        StringAssert.Contains(joined.Error, "; inverted", StringComparison.Ordinal);
        ToolRun.Expect(
            ExitCode.Ok, Said, "adapt", "--model", Model, "--images", _at.At("images"), "--out", _at.At("run"), "--iterations", "1",
            "--batch-size", "1", "--crop", "64");
        JsonNode options = ToolRun.Json(_at.At("run", "run.json"))["options"]!;
        Assert.AreEqual((true, false), ((bool)options["--invert"]!, (bool)options["--no-invert"]!));
        ToolResult adapted =
            ToolRun.Run("segment", "--model", _at.At("run", "adapted.onnx"), "--images", _at.At("more"), "--out", _at.At("by the run"));
        StringAssert.Contains(adapted.Error, "; inverted", StringComparison.Ordinal);
        Assert.DoesNotContain(Said, adapted.Error);
    }

    [TestMethod]
    public void BrightNucleiOnAGrayGround_AreAskedFor_AndLeftAsTheyAre()
    {
        Write("images", 0, 2, dark: false, ground: 0.6f);
        NamedImage[] images = [.. ImageFolder.Read(_at.At("images"), "", [])];
        Assert.IsTrue(InversionFinder.IsWorthAsking(images));
        ToolResult result =
            ToolRun.Run("segment", "--model", Model, "--images", _at.At("images"), "--diameter", "17", "--out", _at.At("masks"));
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        Assert.DoesNotContain("inverted", result.Error);
    }

    [TestMethod]
    public void DarkGround_IsNotWorthAsking()
    {
        Write("images", 0, 2, dark: false);
        Assert.IsFalse(InversionFinder.IsWorthAsking([.. ImageFolder.Read(_at.At("images"), "", [])]));
    }

    [TestMethod]
    public void ForegroundNetwork_SeesImagesAsTheyAre()
    {
        // It would find the nuclei of the inverted images, but what it has learnt may as well be the ground of these.
        Write("images", 0, 3, dark: true);
        NamedImage[] images = [.. ImageFolder.Read(_at.At("images"), "", [])];
        using ThresholdNetwork network = new(0.1f);
        SegmentationOptions options = new() { Diameter = 0 };
        Assert.IsTrue(InversionFinder.Find(network, options, images, CancellationToken.None));

        using StringWriter said = new();
        FoundOnImages asked = new(Size: true, Gamma: false, Invert: true);
        Assert.IsFalse(asked.Find(network, images, options, new Terminal(said, said, false, CancellationToken.None)).Invert);
        Assert.AreEqual("", said.ToString());
    }

    private double Precision(string folder)
    {
        ToolRun.Ok(
            "evaluate", "--predictions", _at.At(folder), "--labels", _at.At("labels"), "--json", _at.At("score.json"));
        return (double)ToolRun.Json(_at.At("score.json"))["ap50"]!;
    }

    /// <param name="ground">What part of the image is scattered bright, so that the ground is not dark.</param>
    private void Write(string folder, int first, int count, bool dark, bool labels = false, float ground = 0)
    {
        Directory.CreateDirectory(_at.At(folder));
        for (int i = first; i < first + count; i++)
        {
            Micrograph made = MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Diameter = 17, Height = 192, Width = 192, Nuclei = 40 }, (ulong)i);
            if (labels)
            {
                LabelFile.WriteTiff(_at.At(folder, $"i{i}_masks.tif"), made.Labels);
                continue;
            }

            float top = made.Image.Pixels.Max();
            ImageFile.WriteTiff(_at.At(folder, $"i{i}.tif"), new Image(1, 192, 192, [.. made.Image.Pixels.Select(
                (p, at) => dark ? top - p : at / 192 < 12 ? 0 : (p * (1 - ground)) + (top * ground))]));
        }
    }
}
