using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>
/// Networks that can't be trained here, and inputs of other kinds: each finds the two bright discs of every image,
/// whatever stands in its middle.
/// </summary>
[TestClass]
internal sealed class ForeignNetworkTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    [DataRow("Mish")]
    [DataRow("Selu")]
    [DataRow("Celu")]
    [DataRow("Pad")]
    public void Segment_OperatorThatIsNotTrained_RunsThroughOnnxRuntimeAndAdaptNamesIt(string operatorName)
    {
        string model = Save(operatorName);
        ToolResult result = FindsTheDiscs(model);
        StringAssert.Contains(result.Error, "ONNX Runtime", StringComparison.Ordinal);
        StringAssert.Contains(result.Error, operatorName, StringComparison.Ordinal);
        StringAssert.Contains(ToolRun.Run("inspect", model).Out, "through ONNX Runtime", StringComparison.Ordinal);
        ToolRun.Expect(
            ExitCode.ModelUnsupported, operatorName, "adapt", "--model", model, "--images", _at.At("images"), "--out",
            _at.At("run"));
        ToolRun.Expect(
            ExitCode.ModelUnsupported, operatorName, "segment", "--model", model, "--images", _at.At("images"), "--out",
            _at.At("builtin"), "--engine", "builtin");
    }

    [TestMethod]
    [DataRow("LeakyRelu")]
    [DataRow("PRelu")]
    [DataRow("HardSwish")]
    [DataRow("Sigmoid")]
    [DataRow("Elu")]
    [DataRow("Clip")]
    [DataRow("Tanh")]
    [DataRow("InstanceNormalization")]
    [DataRow("ConvTranspose")]
    public void Segment_OperatorThatIsTrained_IsTheSameOnBothEngines(string operatorName)
    {
        string model = Save(operatorName);
        FindsTheDiscs(model, "--engine", "builtin");
        byte[] expected = File.ReadAllBytes(_at.At("out", "i0_img_cp_masks.tif"));
        FindsTheDiscs(model, "--engine", "ort");
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(_at.At("out", "i0_img_cp_masks.tif")));
    }

    [TestMethod]
    public void Segment_Probability_MasksAreThoseOfItsLogit()
    {
        FindsTheDiscs(Save("Relu"), "--outputs", "logit", "--engine", "builtin");
        string masks = _at.At("out", "i0_img_cp_masks.tif");
        byte[] expected = File.ReadAllBytes(masks);
        string model = Save("Relu", end: (w, head) => w.AddNode("Sigmoid", "end", [head], ["y"]));
        foreach (string[] options in (string[][])[[], ["--outputs", "logit"], ["--outputs", "probability"]])
        {
            FindsTheDiscs(model, options);
            CollectionAssert.AreEqual(expected, File.ReadAllBytes(masks));
        }

        StringAssert.Contains(ToolRun.Run("inspect", model).Out, "(probability)", StringComparison.Ordinal);
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "Logits are trained", "adapt", "--model", Save("Relu"), "--outputs",
            "probability", "--images", _at.At("images"), "--out", _at.At("run"));
    }

    [TestMethod]
    public void Segment_Softmax_IsOfClassesOrAsDescribed()
    {
        foreach (string middle in (string[])["Relu", "Mish"])
        {
            string two = Save(middle, channels: 2, end: Softmax);
            FindsTheDiscs(two);
            FindsTheDiscs(two, "--outputs", "classes2");
            FindsTheDiscs(two, "--outputs", "scalar,probability");
            FindsTheDiscs(two, "--outputs", "scalar,logit");
            StringAssert.Contains(ToolRun.Run("inspect", two).Out, "background, inside", StringComparison.Ordinal);
        }

        string three = Save("Relu", channels: 3, end: Softmax);
        ToolRun.Expect(ExitCode.ModelUnsupported, "can't be a flow", Segment(three, "--outputs", "flow,logit"));
        foreach (string model in (string[])[Save("Relu"), Save("Mish")])
        {
            ToolRun.Expect(ExitCode.ModelUnsupported, "masks are made", Segment(model, "--outputs", "scalar"));
        }

        ToolRun.Expect(ExitCode.ModelUnsupported, "3 channels, but 1", Segment(
            Save("Mish", channels: 3), "--outputs", "logit"));

        static void Softmax(OnnxWriter w, string head) =>
            w.AddNode("Softmax", "end", [head], ["y"], OnnxAttribute.Int("axis", 1));
    }

    [TestMethod]
    public void Segment_FlowsBesideAProbability_AreToldApart()
    {
        string model = Save("Relu", channels: 3, end: (w, head) =>
        {
            w.AddInitializer(OnnxTensor.FromInt64s("parts", [2], [2, 1]));
            w.AddNode("Split", "split", [head, "parts"], ["flow", "logit"], OnnxAttribute.Int("axis", 1));
            w.AddNode("Sigmoid", "sigmoid", ["logit"], ["p"]);
            w.AddNode("Concat", "joined", ["flow", "p"], ["y"], OnnxAttribute.Int("axis", 1));
        });
        ToolResult inspect = ToolRun.Run("inspect", model);
        StringAssert.Contains(inspect.Out, "flow (dY, dX), cellprob (probability)", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(OnnxDataType.Float16)]
    [DataRow(OnnxDataType.Double)]
    public void Segment_InputOfOtherFloats_IsFedAsItWants(OnnxDataType type) => FindsTheDiscs(
        Save("Mish", type: type));

    [TestMethod]
    [DataRow(OnnxDataType.UInt8)]
    [DataRow(OnnxDataType.UInt16)]
    [DataRow(OnnxDataType.Int32)]
    public void Segment_InputOfWholeNumbers_TakesIntensitiesAsTheyAre(OnnxDataType type)
    {
        string model = Save("Relu", type: type, gain: 0.1f);
        StringAssert.Contains(FindsTheDiscs(model).Error, "as they are", StringComparison.Ordinal);
        ToolRun.Expect(ExitCode.Usage, $"({type})", [.. Segment(model), "--normalize", "percentile"]);
        ToolRun.Expect(
            ExitCode.ModelUnsupported, $"({type})", "adapt", "--model", model, "--images", _at.At("images"), "--out",
            _at.At("run"));
        _at.Image("images/bright.npy", 20, 70_000);
        ToolResult bright = ToolRun.Run([.. Segment(model), "--force"]);
        Assert.AreEqual(type == OnnxDataType.Int32 ? ExitCode.Ok : ExitCode.Partly, bright.Code, bright.Error);
        ToolResult unit = ToolRun.Run(
            "segment", "--model", model, "--images", _at.Image("unit/unit.npy", .25f, 1), "--out", _at.At("out"));
        StringAssert.Contains(unit.Error, "fractions", StringComparison.Ordinal);
        bool refused = bright.Error.Contains("bright.npy", StringComparison.Ordinal);
        Assert.AreEqual(type != OnnxDataType.Int32, refused, bright.Error);
    }

    [TestMethod]
    [DataRow(1, 64, 64)]
    [DataRow(3, 0, 0)]
    [DataRow(2, 96, 32)]
    [DataRow(0, 40, 0)]
    public void Segment_FixedSizes_AreFollowed(int batch, int height, int width)
    {
        long?[] shape = [.. ((int[])[batch, 1, height, width]).Select(s => s == 0 ? (long?)null : s)];
        string model = Save("Mish", shape: shape);
        FindsTheDiscs(model);

        // Nine tiles' worth: the same discs, at every seam.
        Image small = ImageFile.Read(_at.At("images", "i0_img.tif"));
        Image large = new(1, 192, 192, new float[192 * 192]);
        for (int p = 0; p < large.Pixels.Length; p++)
        {
            large.Pixels[p] = small.Pixels[(p / 192 % 48 * 48) + (p % 48)];
        }

        Directory.CreateDirectory(_at.At("large"));
        ImageFile.WriteTiff(_at.At("large", "a.tif"), large);
        foreach (string[] options in (string[][])[[], ["--augment"]])
        {
            ToolResult result = ToolRun.Run([
                "segment", "--model", model, "--images", _at.At("large"), "--out", _at.At("out"), "--force", .. options]);
            StringAssert.Contains(result.Out, "32 cells", StringComparison.Ordinal);
        }

        FindsTheDiscs(Save("Relu", shape: shape), "--engine", "ort");
    }

    [TestMethod]
    public void Segment_FiveHalvings_RunsOnTilesThatFit()
    {
        ToolResult result = FindsTheDiscs(Save("five halvings"));
        StringAssert.Contains(result.Error, "ONNX Runtime", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_SeveralOutputs_TakesTheMapThatFits()
    {
        string twoMaps = Save(
            "Relu",
            before: w => w.AddOutput(new OnnxValueInfo("both", OnnxDataType.Float, null)),
            end: (w, head) =>
            {
                w.AddNode("Identity", "end", [head], ["y"]);
                w.AddNode("Concat", "joined", [head, "t"], ["both"], OnnxAttribute.Int("axis", 1));
            });
        FindsTheDiscs(twoMaps);
        FindsTheDiscs(twoMaps, "--outputs", "logit,scalar");
        FindsTheDiscs(Save("Selu", end: (w, head) =>
        {
            w.AddInitializer(OnnxTensor.FromInt64s("axis", [1], [1]));
            w.AddNode("Squeeze", "end", [head, "axis"], ["y"]);
        }));
        FindsTheDiscs(Save("ConvTranspose", before: w =>
        {
            w.AddOutput(new OnnxValueInfo("pooled", OnnxDataType.Float, null));
            w.AddOutput(new OnnxValueInfo("index", OnnxDataType.Int64, null));
            w.AddNode("Shape", "index", ["x"], ["index"]);
        }));
    }

    [TestMethod]
    public void Segment_NetworksThatDoNotFit_AreToldWhy()
    {
        ToolRun.Expect(ExitCode.ModelUnsupported, "channels last", Segment(Save("Relu", shape: [null, 256, 256, 3])));
        ToolRun.Expect(ExitCode.ModelUnsupported, "no image", Segment(Save("Relu", shape: [null, 1, 8, null, null])));
        ToolRun.Expect(ExitCode.ModelUnsupported, "2 inputs", Segment(Save("Relu", before: w => w.AddInput(
            new OnnxValueInfo("other", OnnxDataType.Float, [new(1, null)])))));
        ToolRun.Expect(ExitCode.ModelUnsupported, "y [1,1,128,128]", Segment(Save(
            "Relu", end: (w, head) => w.AddNode(
                "AveragePool", "end", [head], ["y"], OnnxAttribute.Ints("kernel_shape", 2, 2),
                OnnxAttribute.Ints("strides", 2, 2)))));
        ToolRun.Expect(ExitCode.ModelUnsupported, "y, no floats", Segment(Save(
            "Relu", result: OnnxDataType.Int64,
            end: (w, head) => w.AddNode("ArgMax", "end", [head], ["y"], OnnxAttribute.Int("axis", 1)))));
        ToolRun.Expect(ExitCode.ModelUnsupported, "Nonsense", Segment(Save("Nonsense")));
    }

    private ToolResult FindsTheDiscs(string model, params string[] options)
    {
        ToolResult result = ToolRun.Ok([.. Segment(model), "--force", .. options]);
        _at.Masks(2);
        ToolResult scores = ToolRun.Run("evaluate", "--predictions", _at.At("out"), "--labels", _at.At("labels"));
        string mean = scores.Out[scores.Out.IndexOf("mean of 2", StringComparison.Ordinal)..];
        StringAssert.Contains(mean, "AP50 1.000", StringComparison.Ordinal);
        return result;
    }

    private string[] Segment(string model, params string[] options)
    {
        if (!Directory.Exists(_at.At("images")))
        {
            _at.Images(2);
        }

        return ["segment", "--model", model, "--images", _at.At("images"), "--out", _at.At("out"), .. options];
    }

    /// <summary>A cast if need be, a convolution, what is asked for, and a convolution that thresholds.</summary>
    private string Save(
        string middle, Action<OnnxWriter, string>? end = null, int channels = 1,
        OnnxDataType type = OnnxDataType.Float, long?[]? shape = null, float gain = 1,
        Action<OnnxWriter>? before = null, OnnxDataType result = OnnxDataType.Float)
    {
        OnnxWriter w = new("foreign", 21, 10);
        shape ??= [null, 1, null, null];
        w.AddInput(new OnnxValueInfo(
            "x", type, [.. shape.Select((s, i) => new OnnxDimension(s, s is null ? $"d{i}" : null))]));
        before?.Invoke(w);
        w.AddOutput(new OnnxValueInfo("y", result, null));
        string x = "x";
        if (type != OnnxDataType.Float)
        {
            w.AddNode("Cast", "cast", ["x"], ["float"], OnnxAttribute.Int("to", (long)OnnxDataType.Float));
            x = "float";
        }

        w.AddInitializer(OnnxTensor.FromFloats("gain", [1, 1, 1, 1], [gain]));
        w.AddNode("Conv", "first", [x, "gain"], ["t"]);
        Middle(w, middle);

        // gain * 200 or 1 for a disc, gain * 30 or 0 beside it; the threshold lies between.
        float threshold = gain == 1 ? 4 : 80;
        w.AddInitializer(OnnxTensor.FromFloats("w", [channels, 1, 1, 1], [.. Enumerable.Repeat(0f, channels - 1), 8]));
        w.AddInitializer(OnnxTensor.FromFloats("b", [channels], [.. Enumerable.Repeat(0f, channels - 1), -threshold]));
        w.AddNode("Conv", "head", ["a", "w", "b"], [end is null ? "y" : "logits"]);
        end?.Invoke(w, "logits");
        string path = _at.At(middle.Replace(' ', '_') + ".onnx");
        File.WriteAllBytes(path, w.ToArray());
        return path;
    }

    private static void Middle(OnnxWriter w, string middle)
    {
        OnnxAttribute[] two = [OnnxAttribute.Ints("kernel_shape", 2, 2), OnnxAttribute.Ints("strides", 2, 2)];
        switch (middle)
        {
            case "PRelu":
                w.AddInitializer(OnnxTensor.FromFloats("slope", [1, 1, 1], [.25f]));
                w.AddNode(middle, "m", ["t", "slope"], ["a"]);
                break;
            case "Sigmoid":
                w.AddNode("Sigmoid", "m", ["t"], ["s"]);
                w.AddNode("Mul", "silu", ["t", "s"], ["a"]);
                break;
            case "Clip":
                w.AddInitializer(OnnxTensor.FromFloats("low", [], [0]));
                w.AddInitializer(OnnxTensor.FromFloats("high", [], [6]));
                w.AddNode(middle, "m", ["t", "low", "high"], ["a"]);
                break;
            case "InstanceNormalization" or "GroupNormalization":
                w.AddInitializer(OnnxTensor.FromFloats("one", [1], [1]));
                w.AddInitializer(OnnxTensor.FromFloats("zero", [1], [0]));
                w.AddNode(
                    middle, "m", ["t", "one", "zero"], ["a"],
                    middle[0] == 'G' ? [OnnxAttribute.Int("num_groups", 1)] : []);
                break;
            case "ConvTranspose":
                w.AddInitializer(OnnxTensor.FromFloats("ones", [1, 1, 2, 2], [1, 1, 1, 1]));
                w.AddNode("MaxPool", "pool", ["t"], ["pooled"], two);
                w.AddNode(middle, "m", ["pooled", "ones"], ["a"], two);
                break;
            case "Pad":
                w.AddInitializer(OnnxTensor.FromInt64s("pads", [8], [0, 0, 1, 1, 0, 0, 1, 1]));
                w.AddInitializer(OnnxTensor.FromFloats("middle", [1, 1, 3, 3], [0, 0, 0, 0, 1, 0, 0, 0, 0]));
                w.AddNode(middle, "m", ["t", "pads"], ["padded"], OnnxAttribute.String("mode", "reflect"));
                w.AddNode("Conv", "valid", ["padded", "middle"], ["a"]);
                break;
            case "five halvings":
                string low = "t";
                for (int i = 1; i <= 5; i++)
                {
                    w.AddNode("MaxPool", $"pool{i}", [low], [$"low{i}"], two);
                    low = $"low{i}";
                }

                w.AddInitializer(OnnxTensor.FromFloats("scales", [4], [1, 1, 32, 32]));
                w.AddInitializer(OnnxTensor.FromFloats("top", [1, 2, 1, 1], [1, 0]));
                w.AddNode("Resize", "up", [low, "", "scales"], ["up"], OnnxAttribute.String("mode", "nearest"));
                w.AddNode("Concat", "joined", ["t", "up"], ["both"], OnnxAttribute.Int("axis", 1));
                w.AddNode("Conv", "m", ["both", "top"], ["a"]);
                break;
            default:
                w.AddNode(middle, "m", ["t"], ["a"]);
                break;
        }
    }
}
