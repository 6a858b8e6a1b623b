using SelfAdapt.Models.Onnx;
using static SelfAdapt.Tests.Models.OnnxModelTests;
using static SelfAdapt.Tests.Models.SmallModels;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class OnnxPatchTests
{
    [TestMethod]
    public void WithWeights_UnchangedValues_IsByteIdentical()
    {
        OnnxModel model = Parse(Conv());

        byte[] patched = model.WithWeights(AllWeights(model)).Bytes;

        CollectionAssert.AreEqual(model.Bytes, patched);
    }

    [TestMethod]
    public void WithWeights_OneValueChanged_ChangesThatValuesBytesAlone()
    {
        OnnxModel model = Parse(Conv());

        byte[] patched = model.WithWeights(new Dictionary<string, float[]> { ["w"] = [1, 2, 3, 4, 5, 7] }).Bytes;

        Assert.HasCount(model.Bytes.Length, patched);
        Assert.AreEqual(1, Differences(model.Bytes, patched), "6 = 0x40c00000, 7 = 0x40e00000");
        Assert.AreEqual(7f, Parse(patched).Graph.FindInitializer("w")!.ToFloats()[5]);
    }

    [TestMethod]
    [DataRow(8, 1, 3)]
    [DataRow(3, 2, 2)]
    public void WithWeights_AliasGetsOwnValues_IdentityIsReplaced(int ir, int constants, int initializers)
    {
        OnnxModel model = Parse(Conv(ir));
        Dictionary<string, float[]> weights = new() { ["b"] = [1, 2, 3], ["b2"] = [4, 5, 6], ["c"] = [8] };

        OnnxModel patched = model.WithWeights(weights);

        Assert.IsFalse(patched.Graph.Nodes.Any(n => n.OpType == "Identity"));
        Assert.AreEqual(constants, patched.Graph.Nodes.Count(n => n.OpType == "Constant"));
        Assert.HasCount(initializers, patched.Graph.Initializers);
        foreach ((string name, float[] values) in weights)
        {
            CollectionAssert.AreEqual(values, patched.FindWeight(name)!.ToFloats(), name);
        }

        CollectionAssert.AreEqual(new long[] { 3, 1, 1 }, patched.FindWeight("b2")!.Dims.ToArray());
    }

    [TestMethod]
    public void WithWeights_SharedValuesMoveAlike_IdentityStays()
    {
        OnnxModel model = Parse(Conv());

        byte[] patched = model.WithWeights(
            new Dictionary<string, float[]> { ["b"] = [1, 2, 3], ["b2"] = [1, 2, 3] }).Bytes;

        Assert.HasCount(model.Bytes.Length, patched);
        Assert.AreEqual(1, Parse(patched).Graph.Nodes.Count(n => n.OpType == "Identity"));
    }

    [TestMethod]
    public void WithWeights_AliasNotNamed_KeepsItsValues()
    {
        Dictionary<string, float[]> weights = new() { ["b"] = [1, 2, 3] };
        OnnxModel patched = Parse(Conv()).WithWeights(weights);

        CollectionAssert.AreEqual(new[] { 1f, 2, 3 }, patched.FindWeight("b")!.ToFloats());
        CollectionAssert.AreEqual(new[] { .5f, -.5f, .25f }, patched.FindWeight("b2")!.ToFloats());
    }

    [TestMethod]
    public void WithWeights_NegativeZeroInAlias_CountsAsDifferent()
    {
        OnnxModel model = Parse(WithGraph(Initializer("a", 1, Field(4, Floats(0, 1))), Identity("a", "b")));

        OnnxModel patched = model.WithWeights(new Dictionary<string, float[]> { ["b"] = [-0f, 1] });

        Assert.IsEmpty(patched.Graph.Nodes);
        Assert.IsTrue(float.IsNegative(patched.FindWeight("b")!.ToFloats()[0]));
        Assert.IsFalse(float.IsNegative(patched.FindWeight("a")!.ToFloats()[0]));
    }

    [TestMethod]
    public void WithWeights_EveryStorage_TakesNewValues()
    {
        byte[] unpacked = Concat([0x25], Floats(1), [0x25], Floats(2));
        byte[] bytes = WithGraph(
            Initializer("packed", 1, Field(4, Floats(1, 2))),
            Initializer("unpacked", 1, unpacked),
            Initializer("mixed", 1, Field(4, Floats(1)), [0x25], Floats(2)),
            Initializer("double", 11, Field(10, BitConverter.GetBytes(1.0), BitConverter.GetBytes(0.1))),
            Initializer("half", 10, Field(9, [0x00, 0x3c, 0x00, 0x40])),
            Initializer("half_int32", 10, Field(5, [0x80, 0x78, 0x80, 0x80, 0x01])),
            Initializer("bfloat", 16, Field(9, [0x80, 0x3f, 0x00, 0x40])));
        OnnxModel model = Parse(bytes);

        OnnxModel patched = model.WithWeights(
            model.Graph.Initializers.ToDictionary(t => t.Name, t => new[] { -3f, t.ToFloats()[1] }));

        CollectionAssert.AreEqual(bytes, model.WithWeights(AllWeights(model)).Bytes, "unchanged");
        foreach (OnnxTensor tensor in model.Graph.Initializers)
        {
            OnnxTensor after = patched.FindWeight(tensor.Name)!;
            CollectionAssert.AreEqual(new[] { -3f, tensor.ToFloats()[1] }, after.ToFloats(), tensor.Name);
            Assert.AreEqual(tensor.DataType, after.DataType);
        }

        int at = patched.Bytes.AsSpan().IndexOf(BitConverter.GetBytes(0.1));
        Assert.IsGreaterThan(0, at, "a double that did not change is not rounded to a float");
    }

    [TestMethod]
    public void WithWeights_UnknownNameOrWrongLength_IsRefusedByName()
    {
        OnnxModel model = Parse(Conv());

        foreach (string name in (string[])["nothing", "w", "t0"])
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
                () => model.WithWeights(new Dictionary<string, float[]> { [name] = [1] }));
            StringAssert.Contains(e.Message, $"'{name}'", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void WithWeights_Metadata_IsAddedOrReplaced()
    {
        OnnxModel model = Parse(Conv());
        Dictionary<string, float[]> none = [];

        Dictionary<string, string> longer = new() { ["key"] = "longer value" };
        OnnxModel added = model.WithWeights(none, new Dictionary<string, string> { ["new"] = "1" });
        OnnxModel replaced = added.WithWeights(none, longer);

        CollectionAssert.AreEqual(model.Bytes, added.Bytes[..model.Bytes.Length]);
        Assert.AreEqual("1", replaced.Metadata["new"]);
        Assert.AreEqual("longer value", replaced.Metadata["key"]);
        Assert.HasCount(2, replaced.Metadata);
    }

    [TestMethod]
    [DataRow("cellpose_nuclei_dsb", "nuclei_dsb_dynamic_opset16.onnx", 16)]
    [DataRow("cellpose_nuclei_dsb", "nuclei_dsb_static_opset13.onnx", 16)]
    [DataRow("cellpose_nuclei_dsb", "nuclei_dsb_single_output_opset11.onnx", 16)]
    [DataRow("unet2d_nuclei_broad", "weights.onnx", 0)]
    public void WithWeights_RealModel_KeepsOrChangesExactly(string folder, string file, int aliases)
    {
        OnnxModel model = OnnxModel.Load(SharedData.Path("models", folder, file));
        Dictionary<string, float[]> weights = AllWeights(model);
        Assert.IsTrue(model.Bytes.AsSpan().SequenceEqual(model.WithWeights(weights).Bytes), "unchanged");

        int seed = 0;
        foreach (float[] values in weights.Values.Where(v => v.Length > 0))
        {
            values[0] += ++seed;
        }

        OnnxModel patched = model.WithWeights(weights);

        Assert.HasCount(model.Graph.Nodes.Count - aliases, patched.Graph.Nodes);
        Assert.HasCount(model.Graph.Initializers.Count + aliases, patched.Graph.Initializers);
        foreach ((string name, float[] values) in weights)
        {
            Assert.IsTrue(patched.FindWeight(name)!.ToFloats().AsSpan().SequenceEqual(values), name);
        }
    }

    private static byte[] Identity(string input, string output) =>
        Field(1, Field(1, input), Field(2, output), Field(4, "Identity"));

    /// <summary>Every floating weight under every name that reaches it.</summary>
    private static Dictionary<string, float[]> AllWeights(OnnxModel model) => model.Graph.Initializers
        .Select(t => t.Name)
        .Concat(model.Graph.Nodes.SelectMany(n => n.Outputs))
        .Where(n => model.FindWeight(n)?.DataType is OnnxDataType.Float or OnnxDataType.Double
            or OnnxDataType.Float16 or OnnxDataType.BFloat16)
        .ToDictionary(n => n, n => model.FindWeight(n)!.ToFloats());

    private static int Differences(byte[] a, byte[] b) => a.Zip(b).Count(p => p.First != p.Second);
}
