using System.Text.RegularExpressions;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tests.ShallowToDeep;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>A training that is interrupted and goes on leaves what one that was not interrupted leaves.</summary>
[TestClass]
internal sealed partial class TrainingResumeTests : IDisposable
{
    private const int Side = 64;
    private const string Steps = "6";

    private readonly ToolRun _at = new();

    public TrainingResumeTests()
    {
        Directory.CreateDirectory(_at.At("data"));
        Directory.CreateDirectory(_at.At("more"));
        for (int n = 0; n < 4; n++)
        {
            SelfAdapt.ShallowToDeep.Enhancer.SourceImage made = NoisyDiscs.Make((ulong)n, Side);
            Image image = new(1, Side, Side, made.Image.Values);
            ImageFile.WriteTiff(_at.At("data", $"i{n}_img.tif"), image);
            ImageFile.WriteTiff(_at.At("more", $"i{n}.tif"), image);
            LabelFile.WriteTiff(
                _at.At("data", $"i{n}_masks.tif"), new LabelImage(Side, Side, Array.ConvertAll(made.Object, o => o ? 1 : 0)));
        }
    }

    public void Dispose() => _at.Dispose();

    [TestMethod]
    [DataRow("train")]
    [DataRow("enhancer")]
    [DataRow("pseudo")]
    [DataRow("foreground")]
    [DataRow("foreground joint")]
    [DataRow("foreground adapted")]
    public void Resume_AfterCtrlC_SameModelSameLogSameFiles(string training)
    {
        string[] words = [.. Words(training), "--save-every", "2"];
        ToolRun.Expect(ExitCode.Ok, "", [.. words, "--out", _at.At("whole")]);

        ToolResult cut = ToolRun.RunUntil(training == "train" ? "epoch 3/" : "step 3/", [.. words, "--out", _at.At("cut")]);
        Assert.AreEqual(ExitCode.Cancelled, cut.Code, cut.Error);
        StringAssert.Contains(cut.Out, "--resume", StringComparison.Ordinal);
        StringAssert.Contains(
            ToolRun.Expect(ExitCode.OutputExists, "--resume", [.. words, "--out", _at.At("cut")]).Error, _at.At("cut", "run.json"));
        ToolRun.Expect(ExitCode.Usage, "other options", [.. Resume(training), "--learning-rate", "0.0123"]);

        ToolRun.Expect(ExitCode.Ok, "", Resume(training));
        CollectionAssert.AreEqual(Files("whole"), Files("cut"));
        foreach (string model in Files("whole").Where(f => f.EndsWith(".onnx", StringComparison.Ordinal)))
        {
            CollectionAssert.AreEqual(File.ReadAllBytes(_at.At("whole", model)), File.ReadAllBytes(_at.At("cut", model)), model);
        }

        // Every other network is kept; the last of them is the result (an enhancer's is the best).
        string[] kept = Directory.GetFiles(_at.At("whole", "snapshots"));
        Assert.HasCount(3, kept);
        byte[] last = File.ReadAllBytes(_at.At("whole", "snapshots", "step_000006.onnx"));
        Assert.IsTrue(
            training == "enhancer"
            || Directory.GetFiles(_at.At("whole"), "*.onnx").Any(f => File.ReadAllBytes(f).AsSpan().SequenceEqual(last)));

        Assert.AreEqual(Timeless("whole", "train.jsonl"), Timeless("cut", "train.jsonl"));
        Assert.AreEqual(Timeless("whole", "summary.json"), Timeless("cut", "summary.json"));
        string report = File.ReadAllText(_at.At("cut", "report.html"));
        StringAssert.Contains(report, "aria-label=\"Loss\"");
        StringAssert.Contains(report, "--widths");
        ToolRun.Expect(ExitCode.NoUsableInput, "no state to go on from", Resume(training));
    }

    [TestMethod]
    public void Config_RepeatsATraining()
    {
        ToolRun.Expect(ExitCode.Ok, "", [.. Words("foreground"), "--out", _at.At("whole")]);
        ToolRun.Expect(ExitCode.Ok, "", "foreground", "--config", _at.At("whole", "run.json"), "--out", _at.At("again"));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("whole", "foreground.onnx")), File.ReadAllBytes(_at.At("again", "foreground.onnx")));
    }

    private string[] Resume(string training) =>
        [training.Split(' ')[0], "--config", _at.At("cut", "run.json"), "--out", _at.At("cut"), "--resume"];

    private string[] Words(string training) => training switch
    {
        "train" =>
        [
            "train", "--images", _at.At("data"), "--widths", "1,4,8", "--channels", "0,0", "--diam-mean", "12", "--epochs", Steps,
            "--batch-size", "2", "--crop", "32", "--min-train-masks", "1",
        ],
        "enhancer" =>
        [
            "enhancer", "--images", _at.At("data"), "--features", "fast", "--crop", "32", "--widths", "8,16", "--forests", "2",
            "--trees", "3", "--patch-min", "24", "--patch-max", "40", "--validate-every", "2", "--iterations", Steps,
        ],
        "pseudo" =>
        [
            "pseudo", "--images", _at.At("data"), "--maps", _at.At("data"), "--crop", "32", "--widths", "8,16", "--iterations", Steps,
        ],
        "foreground" => [.. Foreground("--network", "unet"), "--source", _at.At("data")],
        "foreground adapted" => [.. Foreground("--model", Trained()), "--images", _at.At("more")],
        _ => [.. Foreground("--latent", "3"), "--samples", "3", "--source", _at.At("data"), "--images", _at.At("more")],
    };

    private string Trained()
    {
        ToolRun.Expect(ExitCode.Ok, "", [.. Words("foreground"), "--out", _at.At("trained")]);
        return _at.At("trained", "foreground.onnx");
    }

    private static string[] Foreground(params string[] network) =>
        ["foreground", .. network, "--widths", "8,16", "--crop", "32", "--batch-size", "2", "--iterations", Steps];

    private string Timeless(string folder, string file) =>
        Time().Replace(File.ReadAllText(_at.At(folder, file)), "").Replace(_at.At(folder), "", StringComparison.Ordinal);

    private string[] Files(string folder) =>
        [.. Directory.GetFiles(_at.At(folder), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(_at.At(folder), f)).Order()];

    [GeneratedRegex("\"seconds\": ?[0-9.]+")]
    private static partial Regex Time();
}
