using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>What each verb writes, on tiny models and images.</summary>
[TestClass]
internal sealed class VerbTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void SegmentAndAdapt_NoDiameter_TakeWhatTheImagesShow_AndKeepItWithTheGamma()
    {
        Directory.CreateDirectory(_at.At("images"));
        for (int i = 0; i < 3; i++)
        {
            ImageFile.WriteTiff(_at.At("images", $"i{i}.tif"), MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Diameter = 40, Height = 320, Width = 320, Nuclei = 25 }, (ulong)i).Image);
        }

        string model = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");
        string[] common = ["--model", model, "--images", _at.At("images")];
        ToolResult segmented = ToolRun.Ok(["segment", .. common, "--out", _at.At("masks")]);
        ToolResult adapted = ToolRun.Ok(["adapt", .. common, "--out", _at.At("run"), "--iterations", "1", "--gamma", "0.8", "--keep-snapshots"]);
        double diameter = double.Parse(
            (string)ToolRun.Json(_at.At("run", "run.json"))["options"]!["--diameter"]!, CultureInfo.InvariantCulture);
        Match found = Regex.Match(segmented.Error, "^Objects of about ([0-9.]+) px", RegexOptions.Multiline);
        double own = double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.AreEqual(40, diameter, 8);
        Assert.AreEqual(40, own, 8);

        // Images of other sizes would be found to have others.
        Directory.CreateDirectory(_at.At("more"));
        File.Copy(_at.At("images", "i0.tif"), _at.At("more", "large.tif"));
        ImageFile.WriteTiff(_at.At("more", "small.tif"), MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Diameter = 12, Height = 128, Width = 128, Nuclei = 40 }, 9).Image);
        string[] more = ["--images", _at.At("more")];
        foreach ((string network, string folder, double expected, bool gamma) in ((string, string, double, bool)[])
        [
            (model, "masks", own, false), (_at.At("run", "adapted.onnx"), "others", diameter, true),
            (_at.At("run", "snapshots", "step_000001.onnx"), "of the snapshot", diameter, true),
        ])
        {
            ToolResult result = ToolRun.Run(["segment", "--model", network, .. more, "--out", _at.At(folder)]);
            StringAssert.Contains(
                result.Error, FormattableString.Invariant($"diameter {expected:0.##} px"), StringComparison.Ordinal);
            Assert.AreEqual(gamma, result.Error.Contains("; gamma 0.8", StringComparison.Ordinal), result.Error);
            Assert.IsFalse(result.Error.Contains("Objects of about", StringComparison.Ordinal), result.Error);
        }
    }

    [TestMethod]
    public void Help_ListsEveryVerb()
    {
        ToolResult result = ToolRun.Run("--help");
        Assert.AreEqual(ExitCode.Ok, result.Code);
        foreach (string verb in (string[])
            ["adapt", "segment", "evaluate", "train", "export", "inspect", "rank", "doctor", "demo", "strokes",
            "enhancer", "pseudo", "foreground", "paint"])
        {
            StringAssert.Contains(result.Out, $"\n  {verb} ", StringComparison.Ordinal);
            ToolResult help = ToolRun.Ok(verb, "--help", "all");
            StringAssert.Contains(help.Out, "--json", StringComparison.Ordinal);
        }

        StringAssert.Contains(result.Out, "\n  view ", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Inspect_CheckpointAndOnnx_SameNetwork()
    {
        foreach (string model in (string[])[_at.Checkpoint(), _at.Onnx()])
        {
            ToolRun.Ok("inspect", model, "--json", _at.At("r.json"));
            JsonObject json = ToolRun.Json(_at.At("r.json"));

            // All floating tensors of the state dict but the statistics and the two diameters are trained.
            long trained = ToolRun.TinyCheckpoint().Tensors
                .Where(t => t.DataType == OnnxDataType.Float
                    && !t.Name.Contains("running", StringComparison.Ordinal)
                    && !t.Name.StartsWith("diam", StringComparison.Ordinal))
                .Sum(t => t.Count);
            Assert.AreEqual(trained, (long)json["trainable_parameters"]!);
            Assert.AreEqual("input", (string)json["inputs"]![0]!["name"]!);
            Assert.AreEqual(2, (int)json["inputs"]![0]!["shape"]![1]!);
            Assert.AreEqual("flow (dY, dX), cellprob (logit)", (string)json["outputs"]![0]!["meaning"]!);
            Assert.AreEqual("embedding", (string)json["outputs"]![1]!["meaning"]!);
            Assert.AreEqual(12, (double)json["diam_mean"]!);
            Assert.AreEqual(1, (int)json["ops"]!["MaxPool"]!);
        }
    }

    [TestMethod]
    public void Doctor_AlwaysOk_TellsSpeed()
    {
        ToolResult result = ToolRun.Ok("doctor", "--json", _at.At("r.json"));
        Assert.IsGreaterThan(0, (double)ToolRun.Json(_at.At("r.json"))["convolution_gflops"]!);
        StringAssert.Contains(result.Out, "ONNX Runtime", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_EveryFormat_WritesCellposeNames()
    {
        ToolResult result = ToolRun.Ok(
            "segment", "--pretrained_model", _at.Checkpoint(), "--dir", _at.Images(2), "--savedir",
                _at.At("out"),
            "--save_tif", "--save_png", "--save_flows", "--flow_threshold", "0", "--min_size", "1", "--json",
            _at.At("r.json"));
        string[] names =
            [.. Directory.GetFiles(_at.At("out"), "i*").Select(f => Path.GetFileName(f))
            .Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(
            (string[])["i0_img_cp_masks.png", "i0_img_cp_masks.tif", "i0_img_cp_output.tif",
                "i1_img_cp_masks.png",
                "i1_img_cp_masks.tif", "i1_img_cp_output.tif"],
            names);
        JsonObject json = ToolRun.Json(_at.At("r.json"));
        int cells = LabelFile.Read(_at.At("out", "i0_img_cp_masks.tif")).Labels.Max();
        Assert.AreEqual(cells, (int)json["per_image"]![0]!["cells"]!);
        Assert.AreEqual(2, (int)json["images"]!);

        // diam_mean and diam_labels stand in the checkpoint, so nothing is rescaled.
        StringAssert.Contains(result.Error, "diameter 12 px, network 12 px", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_FormatList_WritesThoseFilesAndTellsThem()
    {
        ToolRun.Ok(
            "segment", "--model", _at.Checkpoint(), "--images", _at.Images(1), "--out", _at.At("out"),
            "--format", "rois,geojson,outlines,npy,csv", "--json", _at.At("r.json"));
        string[] expected =
        [
            "i0_img_cells.csv", "i0_img_cells.geojson", "i0_img_cp_outlines.txt", "i0_img_rois.zip", "i0_img_seg.npy",
        ];
        CollectionAssert.AreEquivalent(
            expected, Directory.GetFiles(_at.At("out"), "i*").Select(f => Path.GetFileName(f)).ToArray());
        CollectionAssert.AreEquivalent(
            expected.Select(f => _at.At("out", f)).ToArray(),
            ToolRun.Json(_at.At("r.json"))["per_image"]![0]!["files"]!.AsArray().Select(f => (string)f!).ToArray());
        ToolRun.Expect(
            ExitCode.OutputExists, "_cells.csv", "segment", "--model", _at.Checkpoint(), "--images", _at.Images(1),
            "--out", _at.At("out"), "--format", "csv");
        ToolRun.Expect(
            ExitCode.Usage, "'doc'", "segment", "--model", _at.Checkpoint(), "--images", _at.Images(1), "--format",
            "tif,doc");
    }

    [TestMethod]
    public void Export_OnnxToCellpose_SegmentsLikeTheSource()
    {
        string images = _at.Images(1);
        ToolRun.Ok("export", "--model", _at.Onnx(), "--format", "cellpose", "--diam-labels", "14", "--out", _at.At("cp"));
        TorchCheckpoint written = TorchCheckpoint.Load(_at.At("cp"));
        Assert.AreEqual(12f, written.Find("diam_mean")!.ToFloats()[0]);
        Assert.AreEqual(14f, written.Find("diam_labels")!.ToFloats()[0]);
        foreach ((string model, string folder) in (ReadOnlySpan<(string, string)>)
            [(_at.Onnx(), "a"), (_at.At("cp"), "b")])
        {
            ToolRun.Ok("segment", "--model", model, "--images", images, "--out", _at.At(folder), "--diameter", "14",
                "--save-flows");
        }

        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("a", "i0_img_cp_output.tif")),
            File.ReadAllBytes(_at.At("b", "i0_img_cp_output.tif")));
    }

    [TestMethod]
    public void Export_Variants_CarryWhatIsKnownAndPleaseTheirConsumers()
    {
        string model = _at.Onnx();
        ToolRun.Ok("adapt", "--model", model, "--images", _at.Images(3), "--out", _at.At("run"), "--iterations", "2",
            "--batch-size", "2", "--crop", "32", "--stop", "none", "--seed", "5", "--diameter", "13");
        foreach (string variant in (string[])["portable", "static:64", "fp16"])
        {
            ToolRun.Ok("export", "--model", model, "--run", _at.At("run"), "--variant", variant, "--licence", "CC0-1.0",
                "--out", _at.At("v.onnx"), "--force");
            OnnxModel written = OnnxModel.Load(_at.At("v.onnx"));
            Assert.AreEqual("12", written.Metadata["diam_mean"]);
            Assert.AreEqual("13", written.Metadata["diam_labels"]);
            Assert.AreEqual("0,0", written.Metadata["selfadapt.channels"]);
            Assert.AreEqual("percentile", written.Metadata["selfadapt.normalization"]);
            Assert.AreEqual("2", written.Metadata["selfadapt.iterations"]);
            Assert.AreEqual("completed", written.Metadata["selfadapt.stop_reason"]);
            Assert.AreEqual("5", written.Metadata["selfadapt.seed"]);
            Assert.AreEqual("5", written.Metadata["selfadapt.flow_scale"]);
            Assert.AreEqual("CC0-1.0", written.Metadata["license"]);
            Assert.AreEqual(64, written.Metadata["selfadapt.source_sha256"].Length);
            string met = string.Join(", ", ConsumerCheck.Check(written).Where(f => f.IsMet).Select(f => f.Consumer));
            Assert.AreEqual(
                variant switch
                {
                    "portable" => "ONNX Runtime, onnxruntime-web, DeepImageJ, QuPath, ilastik, Netron",
                    "fp16" => "ONNX Runtime, onnxruntime-web, Netron",
                    _ => "ONNX Runtime, onnxruntime-web, OpenCV DNN, DeepImageJ, QuPath, ilastik, Netron",
                },
                met);
        }

        ToolResult inspected = ToolRun.Run("inspect", model, "--json", _at.At("r.json"));
        StringAssert.Contains(
            inspected.Out, "QuPath           no: 1 input and 2 outputs", StringComparison.Ordinal);
        JsonObject opencv = ToolRun.Json(_at.At("r.json"))["consumers"]![2]!.AsObject();
        Assert.IsFalse((bool)opencv["meets"]!);
        Assert.AreEqual("static:256", (string)opencv["variant"]!);
        ToolRun.Expect(
            ExitCode.Usage, "static:", "export", "--model", model, "--variant", "static:x", "--out", _at.At("n.onnx"));
        ToolRun.Expect(
            ExitCode.Usage, "--variant", "export", "--model", model, "--variant", "fp16", "--format", "cellpose",
            "--out", _at.At("n"));
        ToolRun.Expect(
            ExitCode.Usage, "multiples of", "export", "--model", model, "--variant", "static:33", "--out",
            _at.At("n.onnx"));
    }

    [TestMethod]
    public void Fp16Variant_SegmentsLikeTheOriginal_AndIsNotAdapted()
    {
        string model = Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx");
        string half = _at.At("half.onnx");
        ToolRun.Ok("export", "--model", model, "--variant", "fp16", "--out", half);
        Image image = MicrographSimulator.Simulate(MicrographOptions.Clean, 4).Image;
        Directory.CreateDirectory(_at.At("one"));
        ImageFile.WriteTiff(_at.At("one", "m.tif"), image);
        foreach ((string file, string folder) in (ReadOnlySpan<(string, string)>)[(model, "a"), (half, "b")])
        {
            ToolRun.Ok("segment", "--model", file, "--images", _at.At("one"), "--out", _at.At(folder), "--diameter", "17",
                "--engine", "builtin");
        }

        LabelImage original = LabelFile.Read(_at.At("a", "m_cp_masks.tif"));
        Assert.IsGreaterThan(10, original.Labels.Max());
        Assert.AreEqual(
            1.0,
            InstanceMatching.Match(original, LabelFile.Read(_at.At("b", "m_cp_masks.tif")), 0.9).AveragePrecision);

        ToolRun.Expect(
            ExitCode.ModelUnsupported, "(nuclei_small.onnx)", "adapt", "--model", half, "--images", _at.At("one"),
            "--out", _at.At("run"));
        ToolRun.Ok("inspect", half, "--json", _at.At("r.json"));
        Assert.IsFalse((bool)ToolRun.Json(_at.At("r.json"))["trainable"]!);
    }

    [TestMethod]
    public void Evaluate_OneRightOneHalf_ScoresByHand()
    {
        string labels = _at.Masks(2);
        string predictions = _at.At("predictions");
        Directory.CreateDirectory(predictions);
        LabelImage right = LabelFile.Read(_at.At("labels", "i0_masks.png"));
        LabelFile.WriteTiff(_at.At("predictions", "i0_img_cp_masks.tif"), right);
        LabelImage half = LabelFile.Read(_at.At("labels", "i1_masks.png"));
        for (int p = 0; p < half.Labels.Length; p++)
        {
            half.Labels[p] = half.Labels[p] == 2 ? 0 : half.Labels[p];
        }

        LabelFile.WritePng(_at.At("predictions", "i1_masks.png"), half);
        LabelFile.WritePng(_at.At("predictions", "other_cp_masks.png"), half);
        ToolResult result = ToolRun.Ok(
            "evaluate", "--predictions", predictions, "--labels", labels, "--boundary", "--json",
                _at.At("r.json"));
        JsonObject json = ToolRun.Json(_at.At("r.json"));
        Assert.AreEqual(2, (int)json["images"]!);

        // 1 of the first image, and one of two cells without a false one in the second: 1/2.
        foreach (string key in (string[])["ap50", "ap75", "ap90"])
        {
            Assert.AreEqual(0.75, (double)json[key]!, 1e-12);
        }

        Assert.AreEqual(0.5, (double)json["per_image"]![1]!["ap50"]!, 1e-12);
        Assert.AreEqual(1, (double)json["per_image"]![0]!["boundary_f"]!, 1e-12);
        StringAssert.Contains(result.Error, "other_cp_masks.png", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Adapt_Checkpoint_LeavesEverythingAndExportAgrees()
    {
        string model = _at.Checkpoint();
        ToolResult result = ToolRun.Ok(
            "--model", model, "--images", _at.Images(4), "--labels", _at.Masks(2), "--out", _at.At("out"),
            "--iterations", "4", "--batch-size", "2", "--crop", "32", "--eval-every", "2", "--stop", "none",
            "--keep-snapshots", "--json", _at.At("r.json"));
        foreach (string file in (
            string[])["adapted.onnx", "adapted", "run.jsonl", "summary.json", "before_after.png", "report.html"])
        {
            Assert.IsTrue(File.Exists(_at.At("out", file)), file);
        }

        Assert.IsTrue(File.Exists(_at.At("out", "masks_after", "i0_cp_masks.tif")));
        JsonObject json = ToolRun.Json(_at.At("r.json"));
        Assert.AreEqual(4, (int)json["iterations"]!);
        Assert.AreEqual("completed", (string)json["stop_reason"]!);
        Assert.IsNotNull(json["ap50_before"]);
        Assert.IsNotNull(json["ap50_after"]);
        Assert.AreEqual(2, (int)json["labelled_images"]!);
        Assert.AreEqual(_at.At("out", "adapted.onnx"), (string)json["model"]!);

        // 4 steps, and evaluations at 0, 2 and 4.
        Assert.HasCount(7, File.ReadAllLines(_at.At("out", "run.jsonl")));
        StringAssert.Contains(result.Error, "step 4/4", StringComparison.Ordinal);

        Export("--snapshot", "4", "--out", _at.At("step4"));
        CollectionAssert.AreEqual(
            TorchCheckpoint.Load(_at.At("out", "adapted")).ToArray(),
                TorchCheckpoint.Load(_at.At("step4")).ToArray());
        Export("--snapshot", "0", "--out", _at.At("step0"));
        CollectionAssert.AreEqual(
            ToolRun.TinyCheckpoint().ToArray(), TorchCheckpoint.Load(_at.At("step0")).ToArray());
        CollectionAssert.AreNotEqual(File.ReadAllBytes(_at.At("step0")), File.ReadAllBytes(_at.At("step4")));
        Export("--format", "onnx", "--out", _at.At("again.onnx"));
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("out", "adapted.onnx")), File.ReadAllBytes(_at.At("again.onnx")));
        ToolRun.Expect(
            ExitCode.NoUsableInput, "0, 2, 4", "export", "--model", model, "--run", _at.At("out"),
                "--snapshot", "3",
            "--out", _at.At("step3"));

        void Export(params string[] more)
        {
            ToolRun.Ok(["export", "--model", model, "--run", _at.At("out"), .. more]);
        }
    }

    [TestMethod]
    public void Adapt_WithoutLabels_ApIsNullAndSeedDecides()
    {
        string images = _at.Images(3);
        List<byte[]> models = [];
        foreach ((string folder, string threads) in (ReadOnlySpan<(string, string)>)[("a", "1"), ("b", "2")])
        {
            ToolRun.Ok(
                "adapt", "--model", _at.Onnx(), "--images", images, "--out", _at.At(folder), "--iterations",
                    "3",
                "--batch-size", "2", "--crop", "32", "--stop", "none", "--threads", threads, "--seed", "7");
            models.Add(File.ReadAllBytes(_at.At(folder, "adapted.onnx")));
        }

        CollectionAssert.AreEqual(models[0], models[1]);
        JsonObject json = ToolRun.Json(_at.At("a", "summary.json"));
        Assert.IsNull(json["ap50_before"]);
        Assert.IsTrue(json.ContainsKey("ap50_after"));
    }

    [TestMethod]
    public void Adapt_OnnxRuntimeAsTeacher_SameModelAsBuiltin()
    {
        string images = _at.Images(3);
        foreach (string engine in (string[])["builtin", "ort"])
        {
            ToolResult result = ToolRun.Ok(
                "adapt", "--model", _at.Onnx(), "--images", images, "--out", _at.At(engine), "--iterations",
                    "3",
                "--batch-size", "2", "--crop", "32", "--stop", "none", "--engine", engine, "--learning-rate",
                    "1e-3");
            StringAssert.Contains(
                result.Error, engine == "ort" ? "teacher: ONNX Runtime" : "teacher: builtin",
                    StringComparison.Ordinal);
        }

        OnnxModel builtin = OnnxModel.Load(_at.At("builtin", "adapted.onnx"));
        OnnxModel ort = OnnxModel.Load(_at.At("ort", "adapted.onnx"));
        float[] source = OnnxModel.Load(_at.Onnx()).FindWeight("output.2.weight")!.ToFloats();
        float[] one = builtin.FindWeight("output.2.weight")!.ToFloats();
        float[] other = ort.FindWeight("output.2.weight")!.ToFloats();
        Assert.IsGreaterThan(1e-4, one.Zip(source, (a, b) => Math.Abs(a - b)).Max());
        Assert.IsLessThan(1e-5, one.Zip(other, (a, b) => Math.Abs(a - b)).Max());
    }
}
