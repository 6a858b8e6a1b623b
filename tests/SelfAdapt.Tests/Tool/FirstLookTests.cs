using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>What adapt says before and instead of learning: no steps, no cells, images of several kinds, images to judge on.</summary>
[TestClass]
internal sealed class FirstLookTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Adapt_NoSteps_WritesTheSameBytes()
    {
        string model = _at.Onnx();
        ToolRun.Ok(Adapt(model, _at.Images(3), "--stop", "none", "--iterations", "0"));
        CollectionAssert.AreEqual(File.ReadAllBytes(model), File.ReadAllBytes(_at.At("out", "adapted.onnx")));
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        Assert.AreEqual(0, (int)summary["iterations"]!);
        Assert.AreEqual(0, (int)summary["kept_iteration"]!);
    }

    [TestMethod]
    public void NormalisationOfARun_IsThatOfItsModel_AndOfWhatIsExported()
    {
        const string Zscore = "mean 0 and deviation 1";
        string images = _at.Images(2);
        ToolRun.Expect(
            ExitCode.Ok, Zscore, Adapt(_at.Onnx(), images, "--stop", "none", "--iterations", "0", "--normalize", "zscore"));
        string[] segment = ["segment", "--images", images, "--diameter", "13", "--model"];
        ToolRun.Expect(ExitCode.Ok, Zscore, [.. segment, _at.At("out", "adapted.onnx"), "--out", _at.At("masks")]);
        ToolRun.Expect(ExitCode.Ok, "", "export", "--model", _at.Onnx(), "--run", _at.At("out"), "--variant", "portable", "--out", _at.At("p.onnx"));
        ToolRun.Expect(ExitCode.Ok, Zscore, [.. segment, _at.At("p.onnx"), "--out", _at.At("others")]);
    }

    [TestMethod]
    public void Adapt_NoCells_EndsBeforeItsFirstStep()
    {
        ToolResult run = ToolRun.Run(Adapt(_at.Onnx(), _at.Images(3), "--min-size", "1000000"));
        Assert.AreEqual(ExitCode.ModelImageMismatch, run.Code, run.Error);
        StringAssert.Contains(run.Error, "--diameter", StringComparison.Ordinal);
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        Assert.AreEqual("no_cells", (string)summary["stop_reason"]!);
        Assert.AreEqual(0, (int)summary["iterations"]!);
        CollectionAssert.Contains(Findings(summary), "no_cells");
        Assert.IsFalse(File.Exists(_at.At("out", "adapted.onnx")));
        Assert.IsFalse(File.Exists(_at.At("out", "run.state")));
        StringAssert.Contains(File.ReadAllText(_at.At("out", "report.html")), "No adapted model", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Adapt_MixedFolder_SaysSo_AndGroupsGetModelsOfTheirOwn()
    {
        Mix("mix", dark: 5, bright: 4);
        ToolResult one = ToolRun.Ok(Adapt(_at.Onnx(), _at.At("mix"), "--stop", "none"));
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        JsonNode note = summary["notes"]!.AsArray().Single(n => (string)n!["finding"]! == "several_kinds")!;
        CollectionAssert.AreEqual((int[])[5, 4], note["values"]!.AsArray().Select(v => (int)v!).ToArray());
        StringAssert.Contains(one.Error, "--groups auto", StringComparison.Ordinal);
        StringAssert.Contains(
            File.ReadAllText(_at.At("out", "report.html")), "--groups auto", StringComparison.Ordinal);

        ToolRun.Ok(Adapt(_at.Onnx(), _at.At("mix"), "--stop", "none", "--groups", "auto", "--force"));
        JsonArray groups = ToolRun.Json(_at.At("out", "groups.json"))["groups"]!.AsArray();
        Assert.HasCount(2, groups);
        string[][] names = [.. groups.Select(g => g!["images"]!.AsArray().Select(i => (string)i!).Order().ToArray())];
        Assert.IsTrue(names[0].Length == 5 && names[0].All(n => n.StartsWith("dark", StringComparison.Ordinal)));
        Assert.IsTrue(names[1].Length == 4 && names[1].All(n => n.StartsWith("bright", StringComparison.Ordinal)));
        string page = File.ReadAllText(_at.At("out", "report.html"));
        foreach (string group in (string[])["group-1", "group-2"])
        {
            Assert.IsTrue(File.Exists(_at.At("out", group, "adapted.onnx")), group);
            StringAssert.Contains(page, $"href=\"{group}/report.html\"", StringComparison.Ordinal);
            Assert.IsEmpty(Findings(ToolRun.Json(_at.At("out", group, "summary.json"))).Where(f => f == "several_kinds"));
        }

        CollectionAssert.AreNotEqual(
            File.ReadAllBytes(_at.At("out", "group-1", "adapted.onnx")),
            File.ReadAllBytes(_at.At("out", "group-2", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_GroupsOfOneKind_IsAnOrdinaryRun()
    {
        ToolResult run = ToolRun.Ok(Adapt(_at.Onnx(), _at.Images(6), "--stop", "none", "--groups", "auto"));
        Assert.IsTrue(File.Exists(_at.At("out", "adapted.onnx")));
        Assert.IsFalse(File.Exists(_at.At("out", "groups.json")));
        Assert.DoesNotContain("kinds of images", run.Error);
    }

    [TestMethod]
    public void Adapt_GroupsInterrupted_ResumeFinishesTheRest()
    {
        Mix("mix", dark: 5, bright: 4);
        string[] adapt = Adapt(_at.Onnx(), _at.At("mix"), "--stop", "none", "--groups", "auto", "--iterations", "4");
        ToolRun.Ok(adapt);
        JsonNode options = ToolRun.Json(_at.At("out", "run.json"))["options"]!;
        Assert.IsTrue(options["--invert"] is null && options["--no-invert"] is null, "each group has its own");
        byte[] first = File.ReadAllBytes(_at.At("out", "group-1", "adapted.onnx"));
        byte[] second = File.ReadAllBytes(_at.At("out", "group-2", "adapted.onnx"));

        Directory.Delete(_at.At("out"), recursive: true);
        ToolResult cut = ToolRun.RunUntil("group-2:", adapt);
        Assert.AreEqual(ExitCode.Cancelled, cut.Code, cut.Error);
        StringAssert.Contains(cut.Out, $"--out {_at.At("out")} --resume", StringComparison.Ordinal);
        DateTime written = File.GetLastWriteTimeUtc(_at.At("out", "group-1", "adapted.onnx"));
        ToolRun.Expect(ExitCode.OutputExists, "--resume", adapt);

        ToolRun.Ok(
            "adapt", "--config", _at.At("out", "run.json"), "--out", _at.At("out"), "--resume");
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(_at.At("out", "group-1", "adapted.onnx")));
        CollectionAssert.AreEqual(first, File.ReadAllBytes(_at.At("out", "group-1", "adapted.onnx")));
        CollectionAssert.AreEqual(second, File.ReadAllBytes(_at.At("out", "group-2", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_Judge_IsNeverAdaptedTo()
    {
        // i0 and i1 are in both folders, under another name.
        string images = _at.Images(4);
        Directory.CreateDirectory(_at.At("judge"));
        File.Copy(Path.Combine(images, "i0_img.tif"), _at.At("judge", "j0_img.tif"));
        File.Copy(Path.Combine(images, "i1_img.tif"), _at.At("judge", "j1_img.tif"));
        string labels = _at.Masks(2);
        foreach (int i in (int[])[0, 1])
        {
            File.Move(Path.Combine(labels, $"i{i}_masks.png"), Path.Combine(labels, $"j{i}_masks.png"));
        }

        ToolResult run = ToolRun.Ok(
            Adapt(_at.Onnx(), images, "--stop", "none", "--labels", labels, "--judge", _at.At("judge")));
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        Assert.AreEqual(2, (int)summary["images"]!);
        Assert.AreEqual(2, (int)summary["labelled_images"]!);
        Assert.IsNotNull(summary["ap50_before"]);
        Assert.IsNotNull(summary["ap75_after"]);
        StringAssert.Contains(run.Error, "2 images of --images are in --judge too", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Adapt_JudgeWithoutLabels_OrWithAllImages_IsRefused()
    {
        string images = _at.Images(2);
        ToolRun.Expect(ExitCode.Usage, "--labels is not given", Adapt(_at.Onnx(), images, "--judge", images));
        ToolRun.Expect(
            ExitCode.Usage, "nothing is left to adapt to",
            Adapt(_at.Onnx(), images, "--judge", images, "--labels", _at.Masks(2)));
    }

    [TestMethod]
    public void Adapt_OriginalKept_SummaryNamesTheRejectedCandidate()
    {
        // Nothing is learnt, so that nothing can be better.
        ToolResult run = ToolRun.Ok(
            Adapt(_at.Onnx(), _at.Images(3), "--learning-rate", "0", "--norm-update", "none"));
        JsonObject summary = ToolRun.Json(_at.At("out", "summary.json"));
        Assert.AreEqual(0, (int)summary["kept_iteration"]!);
        Assert.AreEqual("too_little_evidence", (string)summary["rejected"]!["cause"]!);
        Assert.AreEqual(2, (int)summary["rejected"]!["iteration"]!);
        StringAssert.Contains(
            File.ReadAllText(_at.At("out", "report.html")), "rejected (step 2)", StringComparison.Ordinal);
        StringAssert.Contains(run.Out, "after step 2, was rejected", StringComparison.Ordinal);

        // What lies on the disk as after is the kept model's.
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("out", "masks_before", "i0_img_cp_masks.tif")),
            File.ReadAllBytes(_at.At("out", "masks_after", "i0_img_cp_masks.tif")));
    }

    [TestMethod]
    [DataRow("adpat", "adapt")]
    [DataRow("segmnt", "segment")]
    public void Verb_Mistyped_AsksForTheRightOne(string typed, string meant) =>
        ToolRun.Expect(ExitCode.Usage, $"Did you mean {meant}?", typed, "--images", "x");

    private static string[] Findings(JsonObject summary) =>
        [.. summary["notes"]!.AsArray().Select(n => (string)n!["finding"]!)];

    /// <summary>Two steps, with thresholds that let a random network find something.</summary>
    private string[] Adapt(string model, string images, params string[] more) =>
    [
        "adapt", "--model", model, "--images", images, "--out", _at.At("out"), "--batch-size", "2", "--crop", "32",
        "--views", "2", "--eval-every", "2", "--diameter", "13", "--flow-threshold", "0", "--cellprob-threshold", "-100",
        .. more.Contains("--iterations") ? (string[])[] : ["--iterations", "2"],
        .. more.Contains("--min-size") ? (string[])[] : ["--min-size", "1"],
        .. more,
    ];

    /// <summary>Discs on a dark ground, and the same turned to dark discs on a bright one.</summary>
    private void Mix(string name, int dark, int bright)
    {
        Directory.CreateDirectory(_at.At(name));
        string[] files = Directory.GetFiles(_at.Images(dark + bright, "discs")).Order().ToArray();
        for (int i = 0; i < files.Length; i++)
        {
            Image image = ImageFile.ReadAll(files[i])[0].Image;
            ImageFile.WriteTiff(
                _at.At(name, $"{(i < dark ? "dark" : "bright")}{i}.tif"),
                i < dark ? image : new Image(1, image.Height, image.Width, Array.ConvertAll(image.Pixels, p => 255 - p)));
        }
    }
}
