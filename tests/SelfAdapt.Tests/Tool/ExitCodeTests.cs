using SelfAdapt.Gpu;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tests.Models;
using SelfAdapt.Tool;
using ToolProgram = SelfAdapt.Tool.Program;

namespace SelfAdapt.Tests.Tool;

/// <summary>Every way in which a command line can fail has a message and an exit code of its own.</summary>
[TestClass]
internal sealed class ExitCodeTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    [DataRow("segment", "--frobnicate", DisplayName = "unknown option")]
    [DataRow("adapt", "--iterations", "many", DisplayName = "no number")]
    [DataRow("adapt", "--stop", "never", DisplayName = "no such choice")]
    [DataRow("frobnicate", DisplayName = "unknown verb")]
    [DataRow("segment", "--model", "m", "--images", "i", "--channels", "red", DisplayName = "no channels")]
    [DataRow("segment", "--model", "m", "--images", "i", "--channels", "1,2", "--chan", "1", DisplayName =
        "twice")]
    [DataRow("segment", "--model", "m", "--images", "i", "--threads", "two", DisplayName =
        "threads in words")]
    [DataRow("inspect", "m", "--model", "m", DisplayName = "two models")]
    [DataRow("adapt", "--model", "m", "--images", "i", DisplayName = "nowhere to write")]
    [DataRow("export", "--model", "m", "--out", "o", "--run", "r", "--snapshot", "x", DisplayName =
        "no step")]
    [DataRow("inspect", DisplayName = "no model")]
    [DataRow("export", "--model", "m", "--out", "o", "--snapshot", "3", DisplayName = "snapshot of no run")]
    public void Run_CommandLineMakesNoSense_Usage(params string[] args) =>
        ToolRun.Expect(ExitCode.Usage, "--help", args);

    [TestMethod]
    public void Segment_ThreadsBelow0_Usage() => ToolRun.Expect(
        ExitCode.Usage, "--threads", "segment", "--model", "m", "--images", "i", "--threads", "-1");

    [TestMethod]
    public void Adapt_CropNoMultipleOf16_Usage() => ToolRun.Expect(
        ExitCode.Usage, "multiple of 16", Adapt("--crop", "50"));

    [TestMethod]
    public void Run_OptionsWithoutVerb_AreThoseOfAdapt() =>
        ToolRun.Expect(ExitCode.Usage, "--crop is 50", Adapt("--crop", "50")[1..]);

    [TestMethod]
    public void Segment_NegativeThresholdValue_IsTakenAsValue()
    {
        ToolRun.Ok(
            "segment", "--model", _at.Onnx(), "--dir", _at.Images(1), "--cellprob_threshold", "-1.5");
    }

    [TestMethod]
    public void Inspect_TruncatedOnnx_ModelMalformed()
    {
        byte[] bytes = File.ReadAllBytes(_at.Onnx());
        File.WriteAllBytes(_at.At("cut.onnx"), bytes[..(bytes.Length / 2)]);
        ToolRun.Expect(ExitCode.ModelMalformed, "cut.onnx", "inspect", _at.At("cut.onnx"));
    }

    [TestMethod]
    public void Inspect_OldTorchFileCutShort_ModelMalformed()
    {
        File.WriteAllBytes(
            _at.At("old"), [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8]);
        ToolRun.Expect(ExitCode.ModelMalformed, "magic number", "inspect", _at.At("old"));
    }

    [TestMethod]
    public void Inspect_AbsentModelOrFolder_NoUsableInput()
    {
        ToolRun.Expect(ExitCode.NoUsableInput, "absent.onnx", "inspect", _at.At("absent.onnx"));
        ToolRun.Expect(ExitCode.NoUsableInput, "folder", "inspect", _at.Images(1));
    }

    [TestMethod]
    public void Adapt_OperatorNotTrained_ModelUnsupportedNamingItAndInspectSaysSo()
    {
        OnnxWriter writer = new("wrong", 16, 8);
        writer.AddInput(SmallModels.Value("x", null, 1, null, null));
        writer.AddOutput(SmallModels.Value("y", null, 1, null, null));
        writer.AddNode("Softplus", "soft", ["x"], ["y"]);
        File.WriteAllBytes(_at.At("wrong.onnx"), writer.ToArray());
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "Softplus 'soft'", "adapt", "--model", _at.At("wrong.onnx"), "--images",
            _at.Images(1), "--out", _at.At("out"));
        ToolRun.Expect(ExitCode.Ok, "", "inspect", _at.At("wrong.onnx"), "--json", _at.At("r.json"));
        StringAssert.Contains(
            (string)ToolRun.Json(_at.At("r.json"))["reason"]!, "Softplus", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_ChannelThatImagesLack_ModelImageMismatch()
    {
        Directory.CreateDirectory(_at.At("rgb"));
        Imaging.RgbFile(_at.At("rgb", "a.tif"));
        ToolRun.Expect(
            ExitCode.ModelImageMismatch, "a.tif", "segment", "--model", _at.Onnx(), "--images", _at.At("rgb"),
            "--channels", "4,0");
        Assert.IsEmpty(Directory.GetFiles(_at.At("rgb"), "*masks*"));
    }

    [TestMethod]
    public void Segment_EmptyOrAbsentFolder_NoUsableInput()
    {
        Directory.CreateDirectory(_at.At("empty"));
        ToolRun.Expect(
            ExitCode.NoUsableInput, "no image", "segment", "--model", _at.Onnx(), "--images",
            _at.At("empty"));
        ToolRun.Expect(
            ExitCode.NoUsableInput, "no such", "segment", "--model", _at.Onnx(), "--images",
            _at.At("absent"));
    }

    [TestMethod]
    public void Segment_ConstantImageAndNaN_NoUsableInputNamingBoth()
    {
        _at.Image("bad/constant.npy", 7, 7);
        _at.Image("bad/holes.npy", 7, float.NaN);
        ToolResult result = ToolRun.Expect(
            ExitCode.NoUsableInput, "constant.npy", "segment", "--model", _at.Onnx(), "--images",
                _at.At("bad"));
        StringAssert.Contains(result.Error, "NaN", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_OneBadImageAmongGood_SkipsItAndSaysSo()
    {
        string images = _at.Images(2);
        _at.Image("images/holes.npy", 7, float.NaN);
        File.WriteAllText(_at.At("images", "broken.png"), "no picture");
        ToolResult result = ToolRun.Run(
            "segment", "--model", _at.Onnx(), "--images", images, "--json", _at.At("r.json"));
        Assert.AreEqual(ExitCode.Partly, result.Code, result.Error);
        StringAssert.Contains(result.Error, "2 files skipped", StringComparison.Ordinal);
        Assert.HasCount(2, ToolRun.Json(_at.At("r.json"))["skipped"]!.AsArray());
    }

    [TestMethod]
    public void Segment_MasksThereWithoutForce_OutputExistsAndNothingWritten()
    {
        string images = _at.Images(2);
        string there = _at.At("images", "i1_img_cp_masks.tif");
        File.WriteAllText(there, "mine");
        ToolRun.Expect(
            ExitCode.OutputExists, "i1_img_cp_masks.tif", "segment", "--model", _at.Onnx(), "--images",
                images);
        Assert.AreEqual("mine", File.ReadAllText(there));
        Assert.IsFalse(File.Exists(_at.At("images", "i0_img_cp_masks.tif")));
        ToolRun.Ok("segment", "--model", _at.Onnx(), "--images", images, "--force");
        Assert.AreNotEqual("mine", File.ReadAllText(there));
    }

    [TestMethod]
    public void Adapt_OutputFolderNotEmptyWithoutForce_OutputExists()
    {
        Directory.CreateDirectory(_at.At("out"));
        File.WriteAllText(_at.At("out", "adapted.onnx"), "mine");
        ToolRun.Expect(ExitCode.OutputExists, "--force", Adapt());
        Assert.AreEqual("mine", File.ReadAllText(_at.At("out", "adapted.onnx")));
    }

    [TestMethod]
    public void Run_OutputBelowAFile_OutputNotWritable()
    {
        File.WriteAllText(_at.At("file"), "");
        ToolRun.Expect(
            ExitCode.OutputNotWritable, "file", "segment", "--model", _at.Onnx(), "--images", _at.Images(1),
                "--out",
            _at.At("file", "out"));
        ToolRun.Expect(
            ExitCode.OutputNotWritable, "file", "inspect", _at.Onnx(), "--json", _at.At("file", "r.json"));
    }

    [TestMethod]
    public void Run_JsonOverAnotherFile_OutputExists()
    {
        byte[] before = File.ReadAllBytes(_at.Onnx());
        ToolRun.Expect(
            ExitCode.OutputExists, "tiny.onnx", "inspect", _at.Onnx(), "--json", _at.At("tiny.onnx"));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(_at.At("tiny.onnx")));
    }

    [TestMethod]
    public void Run_CudaWithoutGpu_DeviceMissing()
    {
        if (GpuDevices.Find(GpuKind.Cuda).Devices.Count > 0)
        {
            Assert.Inconclusive("not run: this machine has a GPU");
        }

        ToolRun.Expect(
            ExitCode.DeviceMissing, "NVIDIA", "segment", "--model", _at.Onnx(), "--images", _at.Images(1),
                "--device",
            "cuda");
        ToolRun.Expect(ExitCode.DeviceMissing, "NVIDIA", Adapt("--device", "cuda"));
        ToolRun.Expect(ExitCode.DeviceMissing, "NVIDIA", Adapt("--device", "cuda:1"));
        ToolRun.Expect(
            ExitCode.DeviceMissing, "NVIDIA", "train", "--images", _at.Images(1), "--out", _at.At("trained"),
            "--device", "cuda");
        ToolRun.Expect(ExitCode.DeviceMissing, "NVIDIA", "doctor", "--device", "cuda");
    }

    [TestMethod]
    public void Run_OpenClWithoutDevice_DeviceMissing()
    {
        if (GpuDevices.Find(GpuKind.OpenCl).Devices.Count > 0)
        {
            Assert.Inconclusive("not run: this machine has an OpenCL device");
        }

        ToolRun.Expect(ExitCode.DeviceMissing, "OpenCL", "doctor", "--device", "opencl");
        ToolRun.Expect(ExitCode.DeviceMissing, "OpenCL", Adapt("--device", "opencl:1"));
        ToolRun.Expect(
            ExitCode.DeviceMissing, "OpenCL", "segment", "--model", _at.Onnx(), "--images", _at.Images(1), "--device",
            "opencl");
    }

    [TestMethod]
    public void Segment_ModelWithNaNWeights_Numerics()
    {
        float[] bias = [float.NaN, 0, 0];
        File.WriteAllBytes(
            _at.At("nan"),
            ToolRun.TinyCheckpoint()
                .WithWeights(new Dictionary<string, float[]> { ["output.2.bias"] = bias }).ToArray());
        ToolRun.Expect(
            ExitCode.Numerics, "damaged", "segment", "--model", _at.At("nan"), "--images", _at.Images(1));
    }

    [TestMethod]
    public void Adapt_WeightsRunAway_NumericsAndNoModelWritten()
    {
        ToolResult result = ToolRun.Run(Adapt(
            "--learning-rate", "1", "--weight-decay", "100", "--warmup", "0", "--no-l2sp", "--stop", "none",
            "--eval-every", "1000000", "--student-norm", "stored", "--norm-update", "none"));
        Assert.AreEqual(ExitCode.Numerics, result.Code, result.Out + result.Error);
        Assert.IsFalse(File.Exists(_at.At("out", "adapted.onnx")));
    }

    [TestMethod]
    public void Adapt_CancelledAtOnce_CancelledAndModelUnchanged()
    {
        using CancellationTokenSource cancel = new();
        cancel.Cancel();
        ToolResult result = ToolRun.Run(cancel.Token, Adapt("--stop", "none", "--diameter", "12"));
        Assert.AreEqual(ExitCode.Cancelled, result.Code, result.Error);
        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("tiny.onnx")), File.ReadAllBytes(_at.At("out", "adapted.onnx")));
        Assert.AreEqual("cancelled", (string)ToolRun.Json(_at.At("out", "summary.json"))["stop_reason"]!);
    }

    [TestMethod]
    public void Run_MemoryRunsOut_OutOfMemory()
    {
        using StringWriter error = new();
        Assert.AreEqual(
            (int)ExitCode.OutOfMemory, ToolProgram.Explain(error, new InsufficientMemoryException()));
        StringAssert.Contains(error.ToString(), "--batch-size", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Run_Bug_Unexpected()
    {
        using StringWriter error = new();
        Assert.AreEqual(
            (int)ExitCode.Unexpected, ToolProgram.Explain(error, new InvalidOperationException("odd")));
        StringAssert.Contains(error.ToString(), "bug", StringComparison.Ordinal);
    }

    private string[] Adapt(params string[] more) =>
    [
        "adapt", "--model", _at.Onnx(), "--images", _at.Images(3), "--out", _at.At("out"), "--batch-size",
            "1",
        "--iterations", "60", "--views", "2", .. more.Contains("--crop") ? more : [.. more, "--crop", "32"],
    ];

    /// <summary>Files that only these tests need.</summary>
    private static class Imaging
    {
        public static void RgbFile(string path)
        {
            float[] pixels = new float[3 * 32 * 32];
            for (int i = 0; i < pixels.Length; i++)
            {
                pixels[i] = i % 37;
            }

            SelfAdapt.Files.Images.ImageFile.WriteTiff(path, new SelfAdapt.Files.Image(3, 32, 32, pixels));
        }
    }
}
