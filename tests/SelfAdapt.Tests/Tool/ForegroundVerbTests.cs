using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

[TestClass]
internal sealed class ForegroundVerbTests : IDisposable
{
    private const int Side = 64;

    private static readonly string[] Small =
        ["--widths", "8,16", "--latent", "3", "--samples", "3", "--crop", "32", "--batch-size", "2", "--iterations", "2"];

    private readonly ToolRun _at = new();

    public ForegroundVerbTests()
    {
        foreach ((string folder, int first, int channels) in new[] { ("source", 0, 1), ("target", 5, 3), ("judged", 9, 1) })
        {
            Directory.CreateDirectory(_at.At(folder));
            for (int n = first; n < first + 2; n++)
            {
                SelfAdapt.ShallowToDeep.Enhancer.SourceImage made = SelfAdapt.Tests.ShallowToDeep.NoisyDiscs.Make((ulong)n, Side);
                float[] planes = [.. Enumerable.Repeat(made.Image.Values, channels).SelectMany(v => v)];
                ImageFile.WriteTiff(_at.At(folder, $"i{n}_img.tif"), new Image(channels, Side, Side, planes));
                LabelFile.WriteTiff(
                    _at.At(folder, $"i{n}_masks.tif"), new LabelImage(Side, Side, Array.ConvertAll(made.Object, o => o ? 1 + n : 0)));
            }
        }
    }

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void SourceThenTarget_ThenSegment()
    {
        Run(ExitCode.Ok, "", "--source", _at.At("source"), "--out", _at.At("net"), "--judge", _at.At("judged"), "--json", _at.At("r.json"));
        JsonNode result = JsonNode.Parse(File.ReadAllText(_at.At("r.json")))!;
        Assert.AreEqual(2, (int)result["judged_images"]!);
        double dice = (double)result["dice"]!;
        Assert.IsTrue(dice is >= 0 and <= 1);
        string model = _at.At("net", "probabilistic.onnx");

        // Judged alone, the file says the same.
        Run(ExitCode.Ok, "", "--model", model, "--judge", _at.At("judged"), "--out", _at.At("again"), "--json", _at.At("r.json"));
        Assert.AreEqual(dice, (double)JsonNode.Parse(File.ReadAllText(_at.At("r.json")))!["dice"]!, 1e-6);

        foreach (string scheme in new[] { "mean-teacher", "fixmatch" })
        {
            Run(ExitCode.Ok, "", "--model", model, "--images", _at.At("target"), "--scheme", scheme, "--align", "--out", _at.At(scheme));
            Run(ExitCode.Ok, "", "--source", _at.At("source"), "--images", _at.At("target"), "--scheme", scheme, "--filter", "masking",
                "--out", _at.At("joint " + scheme));
            StringAssert.Contains(File.ReadAllText(_at.At("joint " + scheme, "train.jsonl")), "consensus");
            CollectionAssert.AreNotEqual(
                File.ReadAllBytes(model), File.ReadAllBytes(_at.At(scheme, "probabilistic.onnx")));
        }

        Run(ExitCode.Ok, "", "--model", model, "--images", _at.At("target"), "--offline", "--filter", "masking", "--out", _at.At("off"));
        Image consensus = ImageFile.Read(_at.At("off", "labels", "i5_img_consensus.tif"));
        Assert.IsTrue(consensus.Pixels.All(c => c is >= 0 and <= 1));
        Segment("net");
    }

    [TestMethod]
    public void PlainNetwork_IsAdaptedTheSameWay()
    {
        Run(ExitCode.Ok, "", "--network", "unet", "--source", _at.At("source"), "--out", _at.At("net"));
        string model = _at.At("net", "foreground.onnx");
        Run(
            ExitCode.Ok, "Hardly any pixel counted", "--model", model, "--images", _at.At("target"), "--filter", "masking",
            "--confidence", "0.9999", "--out", _at.At("adapted"));
        Segment("adapted");

        // What a network was trained with it is adapted with, unless something else is said.
        Run(ExitCode.Ok, "", "--network", "unet", "--source", _at.At("source"), "--normalize", "percentile", "--out", _at.At("other"));
        Run(ExitCode.Ok, "", "--model", _at.At("other", "foreground.onnx"), "--images", _at.At("target"), "--out", _at.At("on"));
        Assert.AreEqual("percentile", OnnxModel.Load(_at.At("on", "foreground.onnx")).Metadata["selfadapt.normalization"]);
    }

    [TestMethod]
    public void ClassThatIsLost_EndsIt_AndTheNetworkBeforeIsKept()
    {
        Run(ExitCode.Ok, "", "--network", "unet", "--source", _at.At("source"), "--out", _at.At("net"), "--iterations", "60", "--learning-rate", "0.01");
        string model = _at.At("net", "foreground.onnx");
        string[] words =
        [
            "--model", model, "--images", _at.At("target"), "--scheme", "fixmatch", "--filter", "none", "--learning-rate", "0.01",
            "--iterations", "40", "--out",
        ];

        // Whatever it learns, one of the two classes is found less.
        Run(ExitCode.Ok, "The network was losing the ", [.. words, _at.At("kept"), "--least-share", "1"]);
        JsonNode result = JsonNode.Parse(File.ReadAllText(_at.At("kept", "summary.json")))!;
        Assert.AreEqual((10, 0), ((int)result["steps"]!, (int)result["kept_step"]!));
        Assert.AreEqual((double)result["foreground_at_first"]!, (double)result["foreground_kept"]!);
        CollectionAssert.AreEqual(File.ReadAllBytes(model), File.ReadAllBytes(_at.At("kept", "foreground.onnx")));
        StringAssert.Contains(File.ReadAllText(_at.At("kept", "report.html")), "takes for foreground");

        Run(ExitCode.Ok, "", [.. words, _at.At("on"), "--least-share", "0"]);
        result = JsonNode.Parse(File.ReadAllText(_at.At("on", "summary.json")))!;
        Assert.AreEqual((40, 40), ((int)result["steps"]!, (int)result["kept_step"]!));
    }

    /// <summary>Runs a network, which tells how it was trained; what the user says comes first.</summary>
    private void Segment(string folder)
    {
        const string AsItWasTrained = "mean 0 and deviation 1";
        string[] words = ["segment", "--model", _at.At(folder, "foreground.onnx"), "--images", _at.At("judged"), "--out"];
        ToolRun.Expect(ExitCode.Ok, AsItWasTrained, [.. words, _at.At("segmented")]);
        ToolResult otherwise = ToolRun.Ok([.. words, _at.At("otherwise"), "--normalize", "percentile"]);
        Assert.DoesNotContain(AsItWasTrained, otherwise.Error);
    }

    [TestMethod]
    public void WhatDoesNotFit_IsRefused()
    {
        Run(ExitCode.Usage, "--source", "--out", _at.At("o"));
        Run(ExitCode.Usage, "nothing to begin with", "--images", _at.At("target"), "--out", _at.At("o"));
        Run(ExitCode.Usage, "--offline", "--source", _at.At("source"), "--offline", "--out", _at.At("o"));
        Run(ExitCode.Usage, "--align", "--source", _at.At("source"), "--align", "--out", _at.At("o"));
        Run(ExitCode.ModelUnsupported, "one logit", "--model", _at.Onnx(), "--images", _at.At("target"), "--out", _at.At("o"));
        Run(ExitCode.Usage, "--crop", "--source", _at.At("source"), "--crop", "33", "--out", _at.At("o"));
        Run(ExitCode.NoUsableInput, "", "--source", _at.At("nowhere"), "--out", _at.At("o"));
    }

    private static void Run(ExitCode expected, string message, params string[] words) =>
        ToolRun.Expect(expected, message, ["foreground", .. words, .. Small.Chunk(2).Where(s => !words.Contains(s[0])).SelectMany(s => s)]);
}
