using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>Cellpose 3's command line: every flag is an option, or is answered in a line.</summary>
[TestClass]
internal sealed class CellposeFlagTests : IDisposable
{
    private static readonly string[] Switches =
    [
        "--verbose", "--Zstack", "--use_gpu", "--check_mkl", "--look_one_level_down", "--invert", "--all_channels",
        "--chan2_restore", "--transformer", "--no_resample", "--no_interp", "--no_norm", "--exclude_on_edges", "--augment",
        "--save_png", "--save_tif", "--no_npy", "--dir_above", "--in_folders", "--save_flows", "--save_outlines",
        "--save_rois", "--save_txt", "--save_mpl", "--train", "--train_size",
    ];

    private static readonly (string Flag, string[] Values)[] WithValues =
    [
        ("--gpu_device", ["0"]), ("--img_filter", ["_img"]), ("--channel_axis", ["0"]), ("--z_axis", ["0"]),
        ("--chan", ["0"]), ("--chan2", ["0"]), ("--pretrained_model", ["M"]), ("--restore_type", ["denoise_cyto3"]),
        ("--add_model", ["m"]), ("--pretrained_model_ortho", ["m"]), ("--norm_percentile", ["1", "99"]), ("--diameter", ["30"]),
        ("--stitch_threshold", ["0.5"]), ("--min_size", ["15"]), ("--flow3D_smooth", ["0"]), ("--flow_threshold", ["0.4"]),
        ("--cellprob_threshold", ["0"]), ("--niter", ["0"]), ("--anisotropy", ["1"]), ("--output_name", ["_x"]),
        ("--savedir", ["O"]), ("--test_dir", ["T"]), ("--file_list", ["f"]), ("--mask_filter", ["_masks"]),
        ("--diam_mean", ["30"]), ("--learning_rate", ["0.1"]), ("--weight_decay", ["1e-5"]), ("--n_epochs", ["2"]),
        ("--batch_size", ["8"]), ("--nimg_per_epoch", ["8"]), ("--nimg_test_per_epoch", ["8"]), ("--min_train_masks", ["1"]),
        ("--SGD", ["1"]), ("--save_every", ["100"]), ("--model_name_out", ["x"]),
    ];

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    [DataRow("segment")]
    [DataRow("train")]
    [DataRow("adapt")]
    public void EveryFlag_IsUnderstoodOrAnswered(string verb)
    {
        foreach ((string flag, string[] values) in WithValues.Concat(Switches.Select(s => (s, Array.Empty<string>()))))
        {
            string[] given = flag == "--pretrained_model" ? [] : ["--pretrained_model", "M"];
            string[] target = flag == "--savedir" ? [] : ["--savedir", "O"];
            ToolResult result =
                ToolRun.Run([verb, "--dir", _at.At("none"), .. given, .. target, flag, .. values]);
            Assert.AreNotEqual(ExitCode.Usage, result.Code, $"{flag}: {result.Error}");
            Assert.AreNotEqual(ExitCode.Unexpected, result.Code, $"{flag}: {result.Error}");
        }
    }

    [TestMethod]
    public void Segment_CommandLineOfCellpose_RunsAndAnswersWhatItHasNoOptionFor()
    {
        ToolResult result = ToolRun.Ok(
            "segment", "--dir", _at.Images(2), "--pretrained_model", _at.Onnx(), "--diameter", "0", "--use_gpu", "--verbose",
            "--no_npy", "--save_tif", "--norm_percentile", "1", "99", "--gpu_device=0");
        Assert.IsTrue(File.Exists(_at.At("images", "i0_img_cp_masks.tif")));
        foreach (string flag in (string[])["--use-gpu", "--verbose", "--no-npy", "--norm-percentile", "--gpu-device"])
        {
            Assert.HasCount(1, result.Error.Split('\n').Where(l => l.StartsWith(flag + ":", StringComparison.Ordinal)), flag);
        }
    }

    [TestMethod]
    public void Segment_NoNorm_IsNormalizeNone()
    {
        string images = _at.Images(1);
        string[] common = ["segment", "--images", images, "--model", _at.Onnx(), "--format", "flows"];
        foreach ((string name, string[] more) in ((string, string[])[])
            [("a", ["--no_norm"]), ("b", ["--normalize", "none"]), ("c", [])])
        {
            ToolRun.Ok([.. common, "--out", _at.At(name), .. more]);
        }

        CollectionAssert.AreEqual(Flows("b"), Flows("a"));
        CollectionAssert.AreNotEqual(Flows("c"), Flows("a"));

        byte[] Flows(string name) => File.ReadAllBytes(_at.At(name, "i0_img_cp_output.tif"));
    }

    [TestMethod]
    public void Segment_Do3D_IsRefusedWithTheWayOut() => ToolRun.Expect(
        ExitCode.Usage, "--stitch-threshold", "segment", "--dir", _at.Images(1), "--pretrained_model", _at.Onnx(), "--do_3D");

    [TestMethod]
    public void Segment_StitchThreshold_JoinsThePlanesOfAStack()
    {
        Directory.CreateDirectory(_at.At("stack"));
        Image plane = ImageFile.Read(Path.Combine(_at.Images(1), "i0_img.tif"));
        File.WriteAllBytes(_at.At("stack", "s.tif"), Stack(plane, 3));
        ToolRun.Ok(
            "segment", "--dir", _at.At("stack"), "--pretrained_model", _at.Onnx(), "--savedir", _at.At("out"),
            "--stitch_threshold", "0.5", "--cellprob-threshold", "-9", "--flow-threshold", "0", "--min-size", "1");

        LabelImage[] planes = [.. ImageFile.ReadAll(_at.At("out", "s_cp_masks.tif")).Select(p => new LabelImage(
            p.Image.Height, p.Image.Width, Array.ConvertAll(p.Image.Pixels, v => (int)v)))];
        Assert.HasCount(3, planes);
        Assert.IsGreaterThan(0, planes[0].Labels.Max());

        // The planes are alike, so every cell goes through all of them under one number.
        CollectionAssert.AreEqual(planes[0].Labels, planes[1].Labels);
        CollectionAssert.AreEqual(planes[0].Labels, planes[2].Labels);
    }

    [TestMethod]
    public void Segment_LookOneLevelDown_TakesTheFoldersBelow()
    {
        _at.Images(1, "all");
        _at.Images(2, Path.Combine("all", "day1"));
        ToolRun.Ok(
            "segment", "--dir", _at.At("all"), "--pretrained_model", _at.Onnx(), "--savedir", _at.At("out"),
            "--look_one_level_down", "--json", _at.At("r.json"));
        Assert.AreEqual(3, (int)ToolRun.Json(_at.At("r.json"))["images"]!);
        Assert.IsTrue(File.Exists(_at.At("out", "i0_img_cp_masks.tif")));
        Assert.IsTrue(File.Exists(_at.At("out", "day1", "i1_img_cp_masks.tif")));
    }

    [TestMethod]
    public void Train_CommandLineOfCellpose_TrainsIntoModels()
    {
        string images = _at.Images(2);
        _at.Masks(2, "images");
        _at.Images(1, "test");
        _at.Masks(1, "test");
        foreach (string file in Directory.GetFiles(images, "*_masks.png"))
        {
            File.Move(file, file.Replace("_masks", "_cells", StringComparison.Ordinal));
        }

        ToolResult result = ToolRun.Run(
            "train", "--train", "--dir", images, "--test_dir", _at.At("test"), "--pretrained_model", _at.Checkpoint(),
            "--n_epochs", "1", "--min_train_masks", "1", "--mask_filter", "_cells", "--chan", "0", "--SGD", "1",
            "--learning_rate", "0.001", "--json", _at.At("r.json"));
        Assert.AreEqual(ExitCode.NoUsableInput, result.Code, result.Error);
        File.Move(_at.At("test", "i0_masks.png"), _at.At("test", "i0_cells.png"));
        result = ToolRun.Run(
            "train", "--train", "--dir", images, "--test_dir", _at.At("test"), "--pretrained_model", _at.Checkpoint(),
            "--n_epochs", "1", "--min_train_masks", "1", "--mask_filter", "_cells", "--chan", "0", "--SGD", "1",
            "--learning_rate", "0.001", "--json", _at.At("r.json"));
        Assert.AreEqual(ExitCode.Ok, result.Code, result.Error);
        Assert.IsTrue(File.Exists(_at.At("images", "models", "model.onnx")));
        Assert.IsNotNull(ToolRun.Json(_at.At("r.json"))["ap50"]);
    }

    private static byte[] Stack(Image plane, int planes)
    {
        float[] values = [.. Enumerable.Repeat(plane.Pixels, planes).SelectMany(p => p)];
        return SelfAdapt.Files.Tiff.TiffWriter.Encode(
            SampleKind.Float32, planes, plane.Height, plane.Width,
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()),
            $"ImageJ=1.11a\nimages={planes}\nslices={planes}\nhyperstack=true\n");
    }
}
