using SelfAdapt.Models.Onnx;
using static SelfAdapt.Tests.Models.SmallModels;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class OnnxModelTests
{
    [TestMethod]
    public void Parse_WrittenModel_GivesBackWhatWasWritten()
    {
        OnnxModel model = Parse(Conv());

        Assert.AreEqual(8, model.IrVersion);
        Assert.AreEqual(16, model.Opsets[""]);
        Assert.AreEqual("SelfAdapt", model.ProducerName);
        Assert.AreEqual("value", model.Metadata["key"]);
        Assert.AreEqual("small", model.Graph.Name);
        string operators = string.Join(' ', model.Graph.Nodes.Select(n => n.OpType));
        Assert.AreEqual("Identity Constant Conv Add Add Add", operators);
        Assert.AreEqual("d0 2 d2 d3", string.Join(' ', model.Graph.Inputs.Single().Shape!));
        Assert.AreEqual(OnnxDataType.Float, model.Graph.Outputs.Single().ElementType);
        OnnxNode conv = model.Graph.Nodes[2];
        CollectionAssert.AreEqual(new long[] { 1, 1 }, conv.GetInts("kernel_shape"));
        Assert.AreEqual(1, conv.GetInt("group", 9));
        Assert.AreEqual(9, conv.GetInt("absent", 9));
        Assert.IsNull(conv.GetString("absent"));
        Assert.AreEqual(7f, model.Graph.Nodes[1].GetTensor("value")!.ToFloats().Single());
        CollectionAssert.AreEqual(
            new float[] { 1, 2, 3, 4, 5, 6 }, model.Graph.FindInitializer("w")!.ToFloats());
    }

    [TestMethod]
    [DataRow("nuclei_dsb_dynamic_opset16.onnx", 8, 16, 232, "flows_cellprob,style")]
    [DataRow("nuclei_dsb_static_opset13.onnx", 7, 13, 235, "flows_cellprob,style")]
    [DataRow("nuclei_dsb_single_output_opset11.onnx", 6, 11, 210, "flows_cellprob")]
    public void Load_RealCellposeExport_IsReadWhole(string file, int ir, int opset, int nodes, string outputs)
    {
        OnnxModel model = OnnxModel.Load(SharedData.Path("models", "cellpose_nuclei_dsb", file));

        Assert.AreEqual(ir, model.IrVersion);
        Assert.AreEqual(opset, model.Opsets[""]);
        Assert.AreEqual("pytorch", model.ProducerName);
        Assert.HasCount(nodes, model.Graph.Nodes);
        Assert.HasCount(222, model.Graph.Initializers);
        Assert.AreEqual(33, model.Graph.Nodes.Count(n => n.OpType == "BatchNormalization"));
        Assert.AreEqual(outputs, string.Join(',', model.Graph.Outputs.Select(o => o.Name)));
        Assert.IsTrue(model.Graph.Initializers.All(t => t.ToFloats().All(float.IsFinite)));
    }

    [TestMethod]
    public void Load_RealUNet_IsReadWhole()
    {
        OnnxModel model = OnnxModel.Load(SharedData.Path("models", "unet2d_nuclei_broad", "weights.onnx"));

        Assert.AreEqual(20, model.Opsets[""]);
        Assert.HasCount(37, model.Graph.Nodes);
        Assert.AreEqual(18, model.Graph.Nodes.Count(n => n.OpType == "Conv"));
    }

    [TestMethod]
    public void Load_AbsentFile_NamesIt()
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => OnnxModel.Load("absent.onnx"));

        Assert.AreEqual(ErrorKind.UnreadableInput, e.Kind);
        StringAssert.Contains(e.Message, "absent.onnx", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Parse_TypedFields_ReadEveryStorage()
    {
        byte[] graph = WithGraph(
            Initializer("packed", 1, Field(4, Floats(1.5f, -2))),
            Initializer("half_raw", 10, Field(9, [0x00, 0x3e, 0x00, 0xc0])),
            Initializer("half_int32", 10, Field(5, [0x80, 0x7c, 0x80, 0x80, 0x03])),
            Initializer("bfloat", 16, Field(9, [0xc0, 0x3f, 0x00, 0xc0])),
            Initializer("double", 11, Field(10, BitConverter.GetBytes(1.5), BitConverter.GetBytes(-2.0))),
            Initializer("int64", 7, Field(7, 3), Field(7, -4)),
            Initializer("int32", 6, Field(5, 3), Field(5, -4)),
            Initializer("bytes", 2, Field(9, [200, 1])),
            Initializer("bools", 9, Field(9, [1, 0])));
        OnnxGraph parsed = Parse(graph).Graph;

        foreach (string name in (string[])["packed", "half_raw", "bfloat", "double"])
        {
            CollectionAssert.AreEqual(new[] { 1.5f, -2f }, parsed.FindInitializer(name)!.ToFloats(), name);
        }

        // 0x3e00 = 1.5 and 0xc000 = -2 as varints.
        CollectionAssert.AreEqual(new[] { 1.5f, -2f }, parsed.FindInitializer("half_int32")!.ToFloats());
        CollectionAssert.AreEqual(new long[] { 3, -4 }, parsed.FindInitializer("int64")!.ToInt64s());
        CollectionAssert.AreEqual(new long[] { 3, -4 }, parsed.FindInitializer("int32")!.ToInt64s());
        CollectionAssert.AreEqual(new long[] { 200, 1 }, parsed.FindInitializer("bytes")!.ToInt64s());
        CollectionAssert.AreEqual(new[] { 1f, 0f }, parsed.FindInitializer("bools")!.ToFloats());
    }

    internal static byte[] Initializer(string name, int type, params byte[][] data) => Field(
        5, Concat([Field(1, 2), Field(2, type), .. data, Field(8, name)]));

    internal static byte[] Floats(params float[] values) =>
        Concat([.. values.Select(BitConverter.GetBytes)]);
}
