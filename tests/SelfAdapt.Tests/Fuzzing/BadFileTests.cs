using System.Text;
using System.Text.Json;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Fuzz;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Reporting;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.Results;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Fuzzing;

/// <summary>Damaged and hostile files: refused with their name, within bounds. The long form is tests/SelfAdapt.Fuzz.</summary>
[TestClass]
internal sealed class BadFileTests : IDisposable
{
    private const int Mutants = 300;

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-bad-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Read_MutantsOfEveryFormat_AreReadOrRefused()
    {
        List<string> wrong = [];
        foreach (FuzzTarget target in new FuzzTargets(_folder).All)
        {
            FuzzOutcome outcome = new FuzzRun(timed: false).Run(target, 1, 0, Mutants, TimeSpan.FromMinutes(5));
            Assert.AreEqual(Mutants, outcome.Mutants, target.Name);
            wrong.AddRange(outcome.Violations.Select(v => $"{target.Name} {v.Index}: {v.What}"));
            Console.WriteLine($"{target.Name}: {outcome.Accepted} of {Mutants} read");
        }

        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    public void Mutant_SameSeedAndNumber_IsTheSame()
    {
        foreach (FuzzTarget target in new FuzzTargets(_folder).All)
        {
            CollectionAssert.AreEqual(target.Mutant(1, 77), target.Mutant(1, 77));
        }
    }

    [TestMethod]
    public void Parse_ModelCutOffAtEveryByte_IsRefused()
    {
        FuzzTarget onnx = new FuzzTargets(_folder).All.Single(t => t.Name == "onnx");
        byte[] model = SeedFiles.UNet();
        FuzzOutcome outcome = new FuzzRun(timed: false).Guarded(onnx, Truncations.Of(model));

        Assert.AreEqual(model.Length, outcome.Mutants);
        Assert.AreEqual(0, outcome.Accepted);
        Assert.IsEmpty(outcome.Violations);
    }

    [TestMethod]
    public void Load_WeightsElsewhere_AreRefused()
    {
        At("secret", new byte[1 << 20]);
        File.CreateSymbolicLink(Path.Combine(_folder, "link"), Path.Combine(_folder, "secret"));
        Directory.CreateDirectory(Path.Combine(_folder, "a"));
        foreach (byte[] model in SeedFiles.Elsewhere())
        {
            string path = At("m", model);
            Assert.AreEqual(ErrorKind.ModelMalformed, Refused(() => OnnxModel.Load(path), "external data"));
            Assert.AreEqual(ErrorKind.ModelMalformed, Refused(() => OnnxModel.Parse(model, "m"), "external data"));
        }
    }

    [TestMethod]
    public void Parse_PickleThatCallsAProgram_IsRefusedByName()
    {
        foreach (byte[] pickle in SeedFiles.ForeignPickles())
        {
            byte[] file = SeedFiles.Zip(false, [("a/data.pkl", pickle)]);
            Assert.AreEqual(ErrorKind.ModelUnsupported, Refused(() => TorchCheckpoint.Parse(file, "c"), "not allowed"));
        }
    }

    [TestMethod]
    public void Parse_StoragesOverEachOther_AreRefusedBeforeTheyFillMemory()
    {
        byte[] file = SeedFiles.OverlappingStorages(600, 60_000);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused(() => TorchCheckpoint.Parse(file, "c"), "over each other");
        Assert.IsLessThan(10 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Import_SizesThatFoldIntoMillions_AreRefused()
    {
        OnnxModel model = OnnxModel.Parse(SeedFiles.Nested(cyclic: false), "m");
        Assert.AreEqual(ErrorKind.ModelUnsupported, Refused(() => Network.Read(model), "size computations"));
    }

    [TestMethod]
    [DataRow("Conv", 1)]
    [DataRow("BatchNormalization", 4)]
    [DataRow("Gemm", 1)]
    [DataRow("Mul", 1)]
    [DataRow("Add", 1)]
    [DataRow("Resize", 1)]
    public void Import_OperatorWithoutItsInputs_IsRefusedByName(string type, int inputs)
    {
        OnnxWriter writer = new("short", 16, 8);
        writer.AddInput(GraphSketch.Value("x", 1));
        writer.AddOutput(GraphSketch.Value("y", 1));
        writer.AddInitializer(OnnxTensor.FromFloats("one", [1], [1]));
        string[] names = ["x", .. Enumerable.Repeat("one", inputs - 1)];
        writer.AddNode("GlobalAveragePool", "pool", ["x"], ["pooled"]);
        writer.AddNode(type, "culprit", type == "Mul" ? ["pooled"] : names, ["y"]);
        OnnxModel model = OnnxModel.Parse(writer.ToArray(), "m");

        Refused(() => Network.Read(model), "culprit");
    }

    [TestMethod]
    [DataRow(1L << 40, 8L)]
    [DataRow(8L, 1L << 17)]
    public void Import_ImpossibleImageSize_IsRefused(long height, long width)
    {
        OnnxWriter writer = new("sizes", 16, 8);
        writer.AddInput(new OnnxValueInfo(
            "x", OnnxDataType.Float, [new(1, null), new(1, null), new(height, null), new(width, null)]));
        writer.AddOutput(GraphSketch.Value("y", 1));
        writer.AddNode("Relu", "relu", ["x"], ["y"]);
        OnnxModel model = OnnxModel.Parse(writer.ToArray(), "m");

        Refused(() => Network.Read(model), "impossible size");
    }

    [TestMethod]
    public void Parse_GraphThatReadsItself_IsRefused() =>
        Refused(() => OnnxModel.Parse(SeedFiles.Nested(cyclic: true), "m"), "out of order");

    [TestMethod]
    public void Check_PackageThatUnpacksToFarMore_IsRefused()
    {
        string path = At("bomb.zip", SeedFiles.PackageBomb(200));
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused(() => PackageCheck.Check(path), "more than it has");
        Assert.IsLessThan(10 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void TryOpen_OneLargePackedStrip_IsLeftToTheReaderOfWholeImages_OrRefused()
    {
        Assert.IsNull(ImageFile.TryOpenRows(At("one.tif", SeedFiles.TiffOf(false, 1 << 14, 1 << 13, 8, [1, 2, 3, 4]))));
        Refused(
            () => ImageFile.TryOpenRows(At("vast.tif", SeedFiles.TiffOf(false, 1 << 15, 1 << 14, 8, [1, 2, 3, 4]))),
            "one after the other");
    }

    [TestMethod]
    public void Read_RowsThatTheFileCantHold_AreRefusedBeforeMemoryIsTaken()
    {
        using PictureRows unpacked =
            ImageFile.TryOpenRows(At("packed.tif", SeedFiles.TiffOf(false, 1 << 22, 1 << 4, 8, [1, 2, 3, 4])))!;
        using PictureRows plain =
            ImageFile.TryOpenRows(At("plain.tif", SeedFiles.TiffOf(false, 1 << 19, 1 << 7, 1, [1, 2, 3, 4])))!;
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused(() => unpacked.Read(0, 2), "can't hold");
        Refused(() => plain.Read(0, 1), "can't hold");
        Refused(() => plain.Read(0, 1 << 10), "at once");
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    [DataRow("""{"stop_reason":"\ud800"}""")]
    [DataRow("""{"\ud800":1}""")]
    [DataRow("""{"options":{"seed":1,"seed":2}}""")]
    public void Read_SummaryWithTextThatIsNoUnicode_IsRefusedAsDamaged(string json)
    {
        File.WriteAllText(RunFolder.Summary(_folder), json);
        Refused(() => RunRecord.Read(_folder), "summary.json");
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("\\u0000")]
    public void Load_PathThatIsNone_IsRefusedAndPassedOverByConfig(string path)
    {
        string json = $$$"""{"verb":"adapt","model_sha256":"00","options":{"--model":"{{{path}}}"}}""";
        new FuzzTargets(_folder).All.Single(t => t.Name == "config").Read(Encoding.UTF8.GetBytes(json));

        Refused(() => OnnxModel.Load(path.Replace("\\u0000", "\0", StringComparison.Ordinal)), "can't be read");
    }

    [TestMethod]
    public void Read_NumberBeyondDoubles_StaysText() => Assert.AreEqual(
        "1e999", (string?)YamlReader.Read("a: {1e999: 1e999}", "rdf.yaml")["a"]!["1e999"]);

    [TestMethod]
    public void Import_KernelShapeThatIsNotTheWeights_IsRefused()
    {
        GraphSketch sketch = new(1, 2, 1);
        sketch.Conv(sketch.Image, 1, 1, "y", OnnxAttribute.Ints("kernel_shape", 3, 3));
        OnnxModel model = OnnxModel.Parse(sketch.ToArray(), "m");

        Refused(() => Network.Read(model), "does not fit its weight");
    }

    [TestMethod]
    public void Open_JournalWithABadLine_PassesOverIt()
    {
        File.WriteAllText(Path.Combine(_folder, SegmentJournal.FileName), "{\"file\":\"a\",\"\\ud800\":1}\n");
        using SegmentJournal journal = SegmentJournal.Open(_folder, "options");
        Assert.IsNull(journal.Finished("a"));
    }

    [TestMethod]
    [DataRow("", 100_000, 2)]
    [DataRow("{x", 10, 2)]
    [DataRow("{x", 100_000, 1)]
    public void Read_ManyLinesThatAreNoSteps_BlankOnesAndAFewBadOnesArePassedOver(string line, int lines, int expected)
    {
        string step = "{\"kind\":\"step\",\"iteration\":1,\"loss\":0.5,\"kept\":[1]}\n";
        string path = At("run.jsonl", []);
        File.WriteAllText(path, step + string.Concat(Enumerable.Repeat(line + "\n", lines)) + step);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.HasCount(expected, RunCurves.Read(path));
        Assert.IsLessThan(16 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    [DataRow("""{"verb":"\ud800"}""")]
    [DataRow("""{"a":{"b":1,"b":2}}""")]
    [DataRow("""{"a":""")]
    public void ParseObject_NoUnicodeTwiceOrCutOff_IsTheParsersError(string json) => Assert.Throws<JsonException>(
        () => JsonFile.ParseObject(Encoding.UTF8.GetBytes(json)));

    [TestMethod]
    public void ParseObject_WholeText_GivesIt()
    {
        Assert.AreEqual("\u00e9", (string?)JsonFile.ParseObject("""{"a":["\u00e9"]}"""u8)!["a"]![0]);
        Assert.IsNull(JsonFile.ParseObject("[]"u8));
    }

    private static ErrorKind Refused(Action read, string says)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(read);
        StringAssert.Contains(e.Message, says, StringComparison.Ordinal);
        return e.Kind;
    }

    private string At(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
