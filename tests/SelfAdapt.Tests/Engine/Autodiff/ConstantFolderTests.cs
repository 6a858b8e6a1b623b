using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Size computations come out as ONNX defines them, in the element type that they are done in.</summary>
[TestClass]
internal sealed class ConstantFolderTests
{
    private const double Large = 1L << 40;

    [TestMethod]
    [DataRow("Div", OnnxDataType.Int64, 7.0, 2.0, 3.0)]
    [DataRow("Div", OnnxDataType.Int64, -7.0, 2.0, -3.0)]
    [DataRow("Div", OnnxDataType.Int32, 7.0, -2.0, -3.0)]
    [DataRow("Div", OnnxDataType.Int64, 7.0, 0.0, null)]
    [DataRow("Div", OnnxDataType.Float, 7.0, 2.0, 3.5)]
    [DataRow("Div", OnnxDataType.Float, 1.0, 3.0, (double)(1f / 3f))]
    [DataRow("Div", OnnxDataType.Double, 1.0, 3.0, 1.0 / 3.0)]
    [DataRow("Mul", OnnxDataType.Int64, Large, Large, null)]
    [DataRow("Mul", OnnxDataType.Int32, 65536.0, 65536.0, null)]
    [DataRow("Mul", OnnxDataType.Int64, 65536.0, 65536.0, 4294967296.0)]
    [DataRow("Add", OnnxDataType.UInt8, 200.0, 100.0, null)]
    [DataRow("Sub", OnnxDataType.UInt64, 1.0, 2.0, null)]
    [DataRow("Add", OnnxDataType.Float, 16777216.0, 1.0, 16777216.0)]
    [DataRow("Add", OnnxDataType.Float16, 2048.0, 1.0, 2048.0)]
    public void Fold_TwoNumbers_AsOnnxDefines(string op, OnnxDataType type, double a, double b, double? expected) =>
        Check(expected, type, Fold(op, Scalar(type, a), Scalar(type, b)));

    [TestMethod]
    [DataRow(OnnxDataType.Float, -2.7, OnnxDataType.Int64, -2.0)]
    [DataRow(OnnxDataType.Float, 2.7, OnnxDataType.Int32, 2.0)]
    [DataRow(OnnxDataType.Float, 300.0, OnnxDataType.UInt8, null)]
    [DataRow(OnnxDataType.Float, double.NaN, OnnxDataType.Int64, null)]
    [DataRow(OnnxDataType.Float, 0.5, OnnxDataType.Bool, 1.0)]
    [DataRow(OnnxDataType.Int64, 2.0, OnnxDataType.Bool, 1.0)]
    [DataRow(OnnxDataType.Int64, 16777217.0, OnnxDataType.Float, 16777216.0)]
    [DataRow(OnnxDataType.Double, 0.1, OnnxDataType.Float, (double)0.1f)]
    [DataRow(OnnxDataType.Int64, 3.0, OnnxDataType.String, null)]
    public void Fold_Cast_AsOnnxDefines(OnnxDataType from, double value, OnnxDataType to, double? expected) =>
        Check(expected, to, Fold("Cast", [OnnxAttribute.Int("to", (long)to)], Scalar(from, value)));

    [TestMethod]
    [DataRow("Floor", OnnxDataType.Float, -2.5, -3.0)]
    [DataRow("Ceil", OnnxDataType.Float, -2.5, -2.0)]
    [DataRow("Neg", OnnxDataType.Int64, 3.0, -3.0)]
    [DataRow("Neg", OnnxDataType.UInt8, 3.0, null)]
    [DataRow("Sqrt", OnnxDataType.Float, 2.0, (double)1.41421354f)]
    public void Fold_OneNumber_AsOnnxDefines(string op, OnnxDataType type, double value, double? expected) =>
        Check(expected, type, Fold(op, Scalar(type, value)));

    [TestMethod]
    public void Fold_DifferentTypes_IsNot()
    {
        Assert.IsNull(Fold("Add", Scalar(OnnxDataType.Int64, 1), Scalar(OnnxDataType.Float, 1)));
        Assert.IsNull(Fold("Concat", Scalar(OnnxDataType.Int64, 1), Scalar(OnnxDataType.Float, 1)));
    }

    [TestMethod]
    public void Fold_EndOfASlice_IsTheLargestIntegerStill()
    {
        Constant end = ConstantFolder.From(OnnxTensor.FromInt64s("end", [1], [long.MaxValue]))!;
        Constant sizes = new(OnnxDataType.Int64, [4], [1, 2, 30, 40]);
        Constant from = new(OnnxDataType.Int64, [1], [2]);
        CollectionAssert.AreEqual(new double[] { 30, 40 }, Fold("Slice", sizes, from, end)!.Values);
    }

    [TestMethod]
    public void Import_SizesHalvedAsIntegers_AreRecognised()
    {
        // (4 h + 1) / 2 is 2 h in integers.
        ModelSketch s = new(1, 1, 1);
        string low = s.MaxPool(s.Relu(s.Conv("x", 1, 4, 3)));
        string sizes = s.Node("Shape", [low]);
        string grown = s.Node("Add", [s.Node("Mul", [sizes, s.Integers(2, 2, 4, 4)]), s.Integers(1, 1, 1, 1)]);
        string to = s.Node("Div", [grown, s.Integers(2, 2, 2, 2)]);
        string up = s.Named(
            "Resize", "up", [low, "", "", to], "up", OnnxAttribute.String("mode", "nearest"),
            OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"),
            OnnxAttribute.String("nearest_mode", "floor"));
        s.Conv(up, 4, 1, 1, "y");
        Assert.AreEqual(1, NetworkCompiler.Compile(Network.Read(s.Model())).Count(o => o.Kind == "Resize x2 nearest"));
    }

    private static void Check(double? expected, OnnxDataType type, Constant? folded)
    {
        Assert.AreEqual(expected, folded?.Values.Single());
        Assert.IsTrue(folded is null || folded.Type == type);
    }

    private static Constant Scalar(OnnxDataType type, double value) => new(type, [1], [value]);

    private static Constant? Fold(string op, params Constant[] inputs) => Fold(op, [], inputs);

    private static Constant? Fold(string op, OnnxAttribute[] attributes, params Constant[] inputs)
    {
        ModelSketch sketch = new(1, 1, 1);
        sketch.Named(op, "node", [.. inputs.Select(_ => sketch.Integers(1))], "y", attributes);
        return ConstantFolder.Fold(sketch.Model().Graph.Nodes[0], inputs);
    }
}
