using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Models.Export;

[TestClass]
internal sealed class ConsumerCheckTests
{
    [TestMethod]
    [DataRow(8, 16, null)]
    [DataRow(9, 16, "IR 9, it takes up to 8")]
    [DataRow(8, 18, "opset 18, it takes up to 17")]
    [DataRow(10, 20, "opset 20, it takes up to 17; IR 10, it takes up to 8")]
    public void Check_DeepImageJ_TellsVersions(int ir, int opset, string? reason)
    {
        OnnxWriter writer = Writer(opset, ir, 1, 2, 32, 32);
        writer.AddNode("Relu", "r", ["x"], ["y"]);

        ConsumerFinding finding = Find(writer, "DeepImageJ");

        Assert.AreEqual(reason, finding.Reason);
        Assert.AreEqual(reason is null ? null : "portable", finding.Variant);
    }

    [TestMethod]
    public void Check_OpenCv_TellsSizesOperatorsAndAliases()
    {
        OnnxWriter plain = Writer(13, 7, 1, 2, 32, 32);
        plain.AddNode("Relu", "r", ["x"], ["y"]);
        Assert.IsTrue(Find(plain, "OpenCV DNN").IsMet);

        OnnxWriter free = Writer(13, 7, null, 2, 32, 32);
        free.AddNode("Relu", "r", ["x"], ["y"]);
        StringAssert.Contains(Find(free, "OpenCV DNN").Reason, "not fixed", StringComparison.Ordinal);

        OnnxWriter shape = Writer(13, 7, 1, 2, 32, 32);
        shape.AddNode("Shape", "s", ["x"], ["unused"]);
        shape.AddNode("Relu", "r", ["x"], ["y"]);
        StringAssert.Contains(Find(shape, "OpenCV DNN").Reason, "(Shape)", StringComparison.Ordinal);

        OnnxWriter alias = Writer(13, 7, 1, 2, 32, 32);
        alias.AddInitializer(OnnxTensor.FromFloats("w", [2, 1, 1], [1, 2]));
        alias.AddNode("Identity", "i", ["w"], ["w2"]);
        alias.AddNode("Add", "a", ["x", "w2"], ["y"]);
        StringAssert.Contains(Find(alias, "OpenCV DNN").Reason, "Identity", StringComparison.Ordinal);
    }

    // What was tried: OpenCV 4.6 opens none of these three files as their exporter left them, but every variant.
    [TestMethod]
    [DataRow(RealModels.Dynamic)]
    [DataRow(RealModels.SingleOutput)]
    [DataRow(RealModels.Static)]
    public void Check_RealExports_OpenCvRefusesWhatItRefused(string name)
    {
        OnnxModel model = RealModels.Load(name);
        OnnxModel variant = OnnxModel.Parse(
            NetworkWriter.Write(
                model, Network.Read(model), ModelVariant.Static(256), new Dictionary<string, string>()),
            "v.onnx");

        Assert.IsFalse(ConsumerCheck.Check(model).Single(f => f.Consumer == "OpenCV DNN").IsMet);
        Assert.IsTrue(ConsumerCheck.Check(variant).All(f => f.IsMet));
    }

    private static OnnxWriter Writer(int opset, int ir, params long?[] shape)
    {
        OnnxWriter writer = new("checked", opset, ir);
        writer.AddInput(SmallModels.Value("x", shape));
        writer.AddOutput(SmallModels.Value("y", shape));
        return writer;
    }

    private static ConsumerFinding Find(OnnxWriter writer, string consumer) =>
        ConsumerCheck.Check(OnnxModel.Parse(writer.ToArray(), "checked.onnx")).Single(f => f.Consumer == consumer);
}
