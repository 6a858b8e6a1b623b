using SelfAdapt.Fuzz;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>The files that models come in.</summary>
[TestClass]
internal sealed class ModelFileTests : IDisposable
{
    private const string FolderVariable = "CELLPOSE_LOCAL_MODELS_PATH";

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void AdaptAndExport_WeightsBesideTheModel_StayBesideIt()
    {
        string model = Beside();
        string[] adapt =
        [
            "adapt", "--model", model, "--images", _at.Images(2), "--out", _at.At("run"), "--iterations", "2",
            "--eval-every", "1", "--batch-size", "1", "--crop", "32", "--views", "1", "--stop", "none", "--diameter",
            "12", "--keep-snapshots",
        ];
        ToolRun.Ok([.. adapt, "--engine", "ort"]);
        Assert.AreEqual(File.ReadAllText(model), File.ReadAllText(_at.At("run", "adapted.onnx")));
        Assert.IsFalse(Weights("source").AsSpan().SequenceEqual(Weights("run")));
        ToolRun.Ok([
            "segment", "--model", _at.At("run", "adapted.onnx"), "--images", _at.At("images"), "--out",
            _at.At("masks")]);

        ToolRun.Ok(["export", "--model", model, "--out", _at.At("same", "model.onnx")]);
        CollectionAssert.AreEqual(File.ReadAllBytes(model), File.ReadAllBytes(_at.At("same", "model.onnx")));
        CollectionAssert.AreEqual(Weights("source"), Weights("same"));
        ToolRun.Ok(["export", "--model", model, "--run", _at.At("run"), "--out", _at.At("adapted", "model.onnx")]);
        CollectionAssert.AreEqual(Weights("run"), Weights("adapted"));
        ToolRun.Ok([
            "export", "--model", model, "--run", _at.At("run"), "--snapshot", "0", "--out",
            _at.At("start", "model.onnx")]);
        CollectionAssert.AreEqual(Weights("source"), Weights("start"));
        ToolRun.Ok(["export", "--model", model, "--variant", "portable", "--out", _at.At("portable", "model.onnx")]);
        Assert.HasCount(1, Directory.GetFiles(_at.At("portable")));
    }

    [TestMethod]
    public void Export_WeightsThatAreThere_AreNotWrittenOver()
    {
        string model = Beside();
        byte[] weights = Weights("source");
        string[] beside = ["export", "--model", model, "--out", _at.At("source", "other.onnx")];
        ToolRun.Expect(ExitCode.OutputExists, "w.data", beside);
        ToolRun.Expect(ExitCode.OutputExists, "w.data", [.. beside, "--force"]);
        Directory.CreateDirectory(_at.At("there"));
        File.WriteAllText(_at.At("there", "w.data"), "mine");
        string[] there = ["export", "--model", model, "--out", _at.At("there", "other.onnx")];
        ToolRun.Expect(ExitCode.OutputExists, "w.data", there);
        Assert.AreEqual("mine", File.ReadAllText(_at.At("there", "w.data")));
        ToolRun.Ok([.. there, "--force"]);
        CollectionAssert.AreEqual(weights, Weights("there"));
        CollectionAssert.AreEqual(weights, Weights("source"));
        ToolRun.Expect(
            ExitCode.OutputExists, "another folder", "adapt", "--model", model, "--images", _at.Images(1), "--out",
            _at.At("source"), "--force");
    }

    [TestMethod]
    public void Segment_WeightsBesideTheModelThatChanged_AreAnotherModel()
    {
        string model = Beside();
        string[] segment =
            ["segment", "--model", model, "--images", _at.Images(1), "--out", _at.At("out"), "--diameter", "12"];
        ToolRun.Ok(segment);
        StringAssert.Contains(ToolRun.Ok(segment).Error, "finished already", StringComparison.Ordinal);
        byte[] weights = Weights("source");
        weights[4] ^= 1;
        File.WriteAllBytes(_at.At("source", "w.data"), weights);
        ToolRun.Expect(ExitCode.OutputExists, "these options", segment);
    }

    [TestMethod]
    public void Segment_SafeTensors_FindsWhatTheCheckpointFinds()
    {
        string torch = _at.Checkpoint();
        string safe = _at.At("tiny.safetensors");
        File.WriteAllBytes(safe, SeedFiles.SafeTensors(ToolRun.TinyCheckpoint().Tensors));
        _at.Images(1);
        foreach ((string model, string folder) in (ReadOnlySpan<(string, string)>)[(torch, "a"), (safe, "b")])
        {
            ToolRun.Ok(["segment", "--model", model, "--images", _at.At("images"), "--out", _at.At(folder), "--save_flows"]);
        }

        CollectionAssert.AreEqual(
            File.ReadAllBytes(_at.At("a", "i0_img_cp_output.tif")),
            File.ReadAllBytes(_at.At("b", "i0_img_cp_output.tif")));
        ToolRun.Ok(["export", "--model", safe, "--out", _at.At("again")]);
        TorchCheckpoint written = TorchCheckpoint.Load(_at.At("again"));
        CollectionAssert.AreEqual(
            ToolRun.TinyCheckpoint().ToArray("again"), written.ToArray("again"), "torch's form, which Cellpose opens");
    }

    [TestMethod]
    public void Segment_BareName_IsFoundInCellposesFolder()
    {
        Directory.CreateDirectory(_at.At("cellpose"));
        File.Copy(_at.Checkpoint(), _at.At("cellpose", "cyto2torch_0"));
        string? before = Environment.GetEnvironmentVariable(FolderVariable);
        Environment.SetEnvironmentVariable(FolderVariable, _at.At("cellpose"));
        try
        {
            ToolRun.Ok(["segment", "--pretrained_model", "cyto2", "--images", _at.Images(1), "--out", _at.At("out")]);
            string[] absent = ["segment", "--images", _at.At("images"), "--out", _at.At("out"), "--pretrained_model"];
            ToolRun.Expect(ExitCode.NoUsableInput, "https://www.cellpose.org/models/cyto3", [.. absent, "cyto3"]);
            ToolRun.Expect(ExitCode.NoUsableInput, "models/nucleitorch_0", [.. absent, "nuclei"]);
            ToolRun.Expect(ExitCode.NoUsableInput, _at.At("cellpose"), [.. absent, "mine"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable(FolderVariable, before);
        }
    }

    [TestMethod]
    [DataRow("\u0089HDF\r\n", "Keras")]
    [DataRow("\u0093NUMPY", "size models")]
    [DataRow("\u0080\u0004\u0095", "pickle")]
    [DataRow("version https://git-lfs.github.com/spec/v1\n", "git lfs pull")]
    [DataRow("<!DOCTYPE html>", "web page")]
    public void Inspect_FilesOfOtherKinds_AreToldForWhatTheyAre(string head, string says)
    {
        File.WriteAllBytes(_at.At("model"), [.. head.Select(c => (byte)c), .. new byte[20]]);
        ToolRun.Expect(ExitCode.ModelUnsupported, says, "inspect", _at.At("model"));
    }

    [TestMethod]
    public void Inspect_CellposeSam_IsToldForWhatItIs()
    {
        TorchCheckpoint sam = new("cpsam", [OnnxTensor.FromFloats("module.encoder.blocks.0.norm1.weight", [1], [1])]);
        File.WriteAllBytes(_at.At("cpsam"), sam.ToArray());
        ToolRun.Expect(ExitCode.ModelUnsupported, "Cellpose-SAM", "inspect", _at.At("cpsam"));
    }

    private string Beside()
    {
        (byte[] model, byte[] weights) = SeedFiles.Beside(OnnxModel.Load(_at.Onnx()), "w.data");
        Directory.CreateDirectory(_at.At("source"));
        File.WriteAllBytes(_at.At("source", "model.onnx"), model);
        File.WriteAllBytes(_at.At("source", "w.data"), weights);
        return _at.At("source", "model.onnx");
    }

    private byte[] Weights(string folder) => File.ReadAllBytes(_at.At(folder, "w.data"));
}
