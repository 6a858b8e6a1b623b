using SelfAdapt.Fuzz;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;

namespace SelfAdapt.Tests.Models;

/// <summary>Models that keep their weights in a file beside them.</summary>
[TestClass]
internal sealed class ExternalDataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-external-").FullName;

    private string Data => At("w.data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Load_WeightsBesideTheModel_AreThoseOfOneFile()
    {
        OnnxModel single = SmallModels.Parse(SmallModels.Conv());
        OnnxModel model = Load();

        foreach (OnnxTensor tensor in single.Graph.Initializers)
        {
            CollectionAssert.AreEqual(tensor.ToFloats(), model.FindWeight(tensor.Name)!.ToFloats());
        }

        CollectionAssert.AreEqual(single.Bytes, model.Embedded().Bytes);
        Assert.IsFalse(ConsumerCheck.Check(model).Single(f => f.Consumer == "QuPath").IsMet);
    }

    [TestMethod]
    public void Save_Unchanged_BothFilesAreByteIdentical()
    {
        OnnxModel model = Load();
        string copy = Directory.CreateDirectory(At("copy")).FullName;
        model.WithWeights(model.Graph.Initializers.ToDictionary(t => t.Name, t => t.ToFloats())).Save(
            Path.Combine(copy, "other.onnx"));

        CollectionAssert.AreEqual(File.ReadAllBytes(At("m.onnx")), File.ReadAllBytes(Path.Combine(copy, "other.onnx")));
        CollectionAssert.AreEqual(File.ReadAllBytes(Data), File.ReadAllBytes(Path.Combine(copy, "w.data")));
        Assert.HasCount(2, Directory.GetFiles(copy));
    }

    [TestMethod]
    public void Save_OneValueChanged_ChangesItsBytesInTheOtherFileAlone()
    {
        OnnxModel model = Load();
        string copy = Directory.CreateDirectory(At("copy")).FullName;
        string path = Path.Combine(copy, "m.onnx");
        byte[] before = File.ReadAllBytes(Data);
        model.WithWeights(new Dictionary<string, float[]> { ["w"] = [1, 2, 3, 4, 5, 7] }).Save(path);

        CollectionAssert.AreEqual(model.Bytes, File.ReadAllBytes(path));
        byte[] after = File.ReadAllBytes(Path.Combine(copy, "w.data"));
        Assert.AreEqual(1, before.Zip(after).Count(b => b.First != b.Second), "6 = 0x40c00000, 7 = 0x40e00000");
        CollectionAssert.AreEqual(before, File.ReadAllBytes(Data), "the source stays as it is");
        Assert.AreEqual(7f, OnnxModel.Load(path).FindWeight("w")!.ToFloats()[5]);
    }

    [TestMethod]
    public void Save_AliasThatComesToDiffer_IsATensorOfTheModel()
    {
        OnnxModel changed = Load().WithWeights(new Dictionary<string, float[]> { ["b2"] = [1, 2, 3] });

        CollectionAssert.AreEqual(new[] { 1f, 2, 3 }, changed.FindWeight("b2")!.ToFloats());
        CollectionAssert.AreEqual(new[] { .5f, -.5f, .25f }, changed.FindWeight("b")!.ToFloats());
    }

    [TestMethod]
    public void Save_OverTheSourcesWeights_IsRefused()
    {
        OnnxModel model = Load();
        byte[] before = File.ReadAllBytes(Data);
        foreach (string name in (string[])["other.onnx", "w.data"])
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => model.Save(At(name)));
            Assert.AreEqual(ErrorKind.OutputExists, e.Kind);
        }

        model.Save(At("m.onnx"));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(Data));
    }

    [TestMethod]
    public void Load_FileTooShort_IsRefusedBeforeItIsRead()
    {
        Load();
        using (FileStream data = File.OpenWrite(Data))
        {
            data.SetLength(data.Length - 1);
        }

        StringAssert.Contains(Refused(), "leave the file", StringComparison.Ordinal);
        File.Delete(Data);
        StringAssert.Contains(Refused(), "missing", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Load_FileBeyondTwoGigabytes_IsRefusedUnread()
    {
        Load();
        using (FileStream data = File.OpenWrite(Data))
        {
            data.SetLength(1L << 32);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        StringAssert.Contains(Refused(), "2 GB", StringComparison.Ordinal);
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Load_WeightsOverEachOther_AreRefused()
    {
        File.WriteAllBytes(Data, new byte[20]);
        File.WriteAllBytes(At("m.onnx"), SmallModels.WithGraph(Place("a", 0), Place("c", 12), Place("b", 4)));
        StringAssert.Contains(Refused(), "'a' and 'b' lie over each other", StringComparison.Ordinal);

        File.WriteAllBytes(At("m.onnx"), SmallModels.WithGraph(Place("a", 0), Place("c", 12)));
        Assert.HasCount(2, OnnxModel.Load(At("m.onnx")).Graph.Initializers);
    }

    [TestMethod]
    public void Run_WeightsBesideTheModel_ComputesAsFromOneFile()
    {
        OnnxModel model = Load();
        using OrtSession one = new(SmallModels.Conv(), new OrtOptions(Threads: 1));
        using RefreshableSession two = new(model, ["w", "b", "b2"], new OrtOptions(Threads: 1));
        CollectionAssert.AreEqual(
            one.Run([1, 2, 3, 4], [1, 2, 1, 2], "y")[0], two.Current.Run([1, 2, 3, 4], [1, 2, 1, 2], "y")[0]);
    }

    private static byte[] Place(string name, int offset) => SmallModels.Field(
        5, SmallModels.Field(1, 2), SmallModels.Field(2, 1), SmallModels.Field(8, name), SmallModels.Field(14, 1),
        Entry("location", "w.data"), Entry("offset", FormattableString.Invariant($"{offset}")));

    private static byte[] Entry(string key, string value) =>
        SmallModels.Field(13, SmallModels.Field(1, key), SmallModels.Field(2, value));

    private OnnxModel Load()
    {
        (byte[] model, byte[] weights) = SeedFiles.Beside(SmallModels.Parse(SmallModels.Conv()), "w.data");
        File.WriteAllBytes(At("m.onnx"), model);
        File.WriteAllBytes(Data, weights);
        return OnnxModel.Load(At("m.onnx"));
    }

    private string Refused()
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => OnnxModel.Load(At("m.onnx")));
        Assert.AreEqual(ErrorKind.ModelMalformed, e.Kind);
        return e.Message;
    }

    private string At(string name) => Path.Combine(_folder, name);
}
