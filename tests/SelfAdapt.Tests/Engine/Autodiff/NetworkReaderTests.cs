using System.Globalization;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>What is recognised in real models, and what is refused with which words.</summary>
[TestClass]
internal sealed class NetworkReaderTests
{
    [TestMethod]
    [DataRow(RealModels.Dynamic, 6_598_923, "style")]
    [DataRow(RealModels.SingleOutput, 6_598_923, null)]
    [DataRow(RealModels.Static, 6_598_923, "style")]
    [DataRow(RealModels.Checkpoint, 6_600_843, "style")]
    public void Import_RealCellpose_IsRecognised(string name, int parameters, string? embedding)
    {
        Network network = Network.Read(RealModels.Load(name));

        Assert.AreEqual(parameters, network.ParameterCount);
        Assert.AreEqual(2, network.InputChannels);
        Assert.AreEqual(embedding, network.EmbeddingName);
        Assert.AreEqual(256, network.EmbeddingLength);
        Assert.AreEqual(8, network.SizeMultiple);
        Assert.AreSame(OutputDescription.Cellpose, network.Outputs);

        // 33 of 41 normalisations have a ReLU behind them. The exporter folds the 8 that stand right behind a
        // convolution (conv_1 and conv_3 of the encoder's blocks) into it, and leaves their ReLU.
        Dictionary<string, int> counts = Counts(network);
        int folded = name == RealModels.Checkpoint ? 0 : 8;
        int Count(Func<string, bool> kind) => counts.Where(c => kind(c.Key)).Sum(c => c.Value);
        Assert.AreEqual(33 - folded, Count(k => k.StartsWith("BatchNorm+Relu+Conv", StringComparison.Ordinal)));
        Assert.AreEqual(folded, Count(k => k == "Relu"));
        Assert.AreEqual(8, Count(k => k == "BatchNorm+Conv 1x1"));
        Assert.AreEqual(32, Count(k => k.Contains("Conv 3x3", StringComparison.Ordinal)));
        Assert.AreEqual(9, Count(k => k.Contains("Conv 1x1", StringComparison.Ordinal)));

        // Every sum is joined to a convolution before it: 2 a block, and 1 more per decoder block for the skip; of
        // the 3 per decoder block that add the style, one changes a map that is read without it, too.
        Assert.AreEqual(20, Count(k => k.Contains("+Add", StringComparison.Ordinal)
            && !k.EndsWith("3x3+Add per channel", StringComparison.Ordinal)));
        Assert.AreEqual(8, Count(k => k.EndsWith("+Add per channel", StringComparison.Ordinal)));
        Assert.AreEqual(4, Count(k => k == "Add per channel"));
        Assert.AreEqual(0, Count(k => k == "Add"));
        Assert.AreEqual(12, counts["Linear"]);
        Assert.AreEqual(3, counts["MaxPool 2x2, stride 2"]);
        Assert.AreEqual(3, counts["Resize x2 nearest"]);
        Assert.AreEqual(1, counts["GlobalAveragePool"]);
        Assert.AreEqual(1, counts["L2 normalise"]);
    }

    [TestMethod]
    public void Import_RealUNet_IsRecognisedWithPooledBottleneckAsEmbedding()
    {
        Network network = Network.Read(RealModels.Load(RealModels.UNet));

        Assert.AreEqual(449_489, network.ParameterCount);
        Assert.AreEqual(1, network.InputChannels);
        Assert.IsNull(network.EmbeddingName);
        Assert.AreEqual(8, network.SizeMultiple);
        Assert.AreEqual(128, network.EmbeddingLength);
        Assert.AreEqual(3, network.Values[network.Nodes[^2].Inputs[0]].Level);
        Assert.AreSame(OutputDescription.Foreground, network.Outputs);
        Assert.IsTrue(Counts(network)["Resize x2 linear"] > 0);
        Assert.IsTrue(Counts(network)["Concat"] > 0);
        Assert.AreEqual(1, Counts(network)["L2 normalise"]);
    }

    [TestMethod]
    [DataRow(RealModels.Dynamic)]
    [DataRow(RealModels.SingleOutput)]
    [DataRow(RealModels.Static)]
    public void Import_SharedInitialisers_AreTrainedEachByItself(string name)
    {
        OnnxModel model = RealModels.Load(name);
        Network network = Network.Read(model);
        NetworkTensor[] all = [.. network.Parameters, .. network.Statistics];
        string[] tied = [.. model.Graph.Nodes
            .Where(n => n.OpType == "Identity" && model.Graph.FindInitializer(n.Inputs[0]) is not null)
            .Select(n => n.Outputs[0]).Where(o => all.Any(t => t.Name == o))];

        Assert.IsTrue(tied.Length > 0, "this export shares no weights");
        Assert.AreEqual(all.Length, all.Select(t => t.Name).Distinct().Count());

        // Moving one of them moves no other tensor of the exported file.
        NetworkTensor moved = all.First(t => t.Name == tied[0]);
        float[] values = [.. model.FindWeight(moved.Name)!.ToFloats().Select(v => v + 1)];
        OnnxModel after = model.WithWeights(new Dictionary<string, float[]> { [moved.Name] = values });
        foreach (NetworkTensor tensor in all)
        {
            float[] expected = tensor == moved ? values : model.FindWeight(tensor.Name)!.ToFloats();
            CollectionAssert.AreEqual(expected, after.FindWeight(tensor.Name)!.ToFloats(), tensor.Name);
        }
    }

    [TestMethod]
    [DataRow(RealModels.Dynamic)]
    [DataRow(RealModels.SingleOutput)]
    [DataRow(RealModels.Static)]
    [DataRow(RealModels.UNet)]
    [DataRow(RealModels.Checkpoint)]
    public void Import_EveryNameReplaced_GivesTheSameNetwork(string name)
    {
        OnnxModel model = RealModels.Load(name);
        Network plain = Network.Read(model);
        Network renamed = Network.Read(Rename(model));

        Assert.IsFalse(renamed.Parameters.Any(p => !p.Name.StartsWith('n')));
        CollectionAssert.AreEqual(plain.InitialParameters, renamed.InitialParameters);
        CollectionAssert.AreEqual(plain.InitialStatistics, renamed.InitialStatistics);
        CollectionAssert.AreEqual(Output(plain), Output(renamed));
    }

    [TestMethod]
    [DataRow("Mish")]
    [DataRow("Softplus")]
    [DataRow("Softsign")]
    public void Import_OperatorThatIsNotTrained_IsRefusedByName(string type)
    {
        ModelSketch s = new(1, 2, 3);
        string x = s.Conv("x", 2, 3, 3);
        string y = s.Named(type, "the culprit", [x], "odd");
        s.Conv(y, 3, 3, 1, "y");
        AssertRefused(s.Model(), type, $"{type} 'the culprit'", "Supported: Conv (any kernel");
    }

    [TestMethod]
    [DataRow("group", 2)]
    [DataRow("strides", 1)]
    [DataRow("pads", 1)]
    [DataRow("output_padding", 1)]
    [DataRow("kernel_shape", 3)]
    public void Import_TransposedConvolutionThatIsNotTrained_IsRefusedByName(string attribute, int value)
    {
        ModelSketch s = new(1, 4, 3);
        int kernel = attribute == "kernel_shape" ? value : 2;
        OnnxAttribute[] attributes =
        [
            .. attribute == "strides" ? (OnnxAttribute[])[] : [OnnxAttribute.Ints("strides", 2, 2)],
            attribute == "group"
                ? OnnxAttribute.Int(attribute, value)
                : OnnxAttribute.Ints(attribute, [.. Enumerable.Repeat((long)value, attribute == "pads" ? 4 : 2)]),
        ];
        string x = s.Named(
            "ConvTranspose", "the culprit", [s.MaxPool(s.Conv("x", 4, 4, 3)), s.Weight(4, 4, kernel, kernel)], "c", attributes);
        s.Conv(x, 4, 3, 1, "y");
        AssertRefused(s.Model(), "ConvTranspose 'the culprit'", "can't be trained here");
    }

    [TestMethod]
    [DataRow("group", 2)]
    [DataRow("strides", 3)]
    [DataRow("dilations", 2)]
    [DataRow("pads", 0)]
    public void Import_ConvolutionThatIsNotTrained_IsRefusedByName(string attribute, int value)
    {
        ModelSketch s = new(1, 4, 3);
        OnnxAttribute[] attributes =
        [
            OnnxAttribute.Ints("kernel_shape", 3, 3),
            .. attribute == "pads" ? (OnnxAttribute[])[] : [OnnxAttribute.Ints("pads", 1, 1, 1, 1)],
            attribute == "group"
                ? OnnxAttribute.Int(attribute, value)
                : OnnxAttribute.Ints(
                    attribute, [.. Enumerable.Repeat((long)value, attribute == "pads" ? 4 : 2)]),
        ];
        string x = s.Named(
            "Conv", "the culprit", ["x", s.Weight(4, 4, 3, 3), s.Weight(4)], "c", attributes);
        s.Conv(x, 4, 3, 1, "y");
        AssertRefused(s.Model(), "Conv 'the culprit'", "Supported: Conv (any kernel");
    }

    [TestMethod]
    public void Import_PadThatNothingTakesIn_IsRefusedByName()
    {
        ModelSketch s = new(1, 1, 3);
        string padded = s.Node("Pad", [s.Conv("x", 1, 3, 3), s.Integers(0, 0, 1, 1, 0, 0, 1, 1)]);
        s.Conv(s.Named("Relu", "the culprit", [padded], "r"), 3, 3, 3, "y");
        AssertRefused(s.Model(), "Relu 'the culprit'", "a Pad can be trained only where a convolution");
    }

    [TestMethod]
    public void Import_ComputedPadsBehindAPad_AreRefused()
    {
        ModelSketch s = new(1, 1, 3);
        string padded = s.Node("Pad", ["x", s.Integers(0, 0, 0, 0, 0, 0, 1, 1)]);
        string low = s.Named(
            "Conv", "the culprit", [padded, s.Weight(3, 1, 3, 3)], "c", OnnxAttribute.String("auto_pad", "SAME_UPPER"),
            OnnxAttribute.Ints("strides", 2, 2));
        s.Conv(s.ResizeNearest(low), 3, 3, 3, "y");
        AssertRefused(s.Model(), "Conv 'the culprit'", "computed behind a Pad");
    }

    [TestMethod]
    public void Import_ZerosAroundWhatMayBeNegative_AreNotPooled()
    {
        ModelSketch s = new(1, 1, 3);
        string padded = s.Node("Pad", [s.Conv("x", 1, 3, 3), s.Integers(0, 0, 1, 1, 0, 0, 1, 1)]);
        string low = s.Named(
            "MaxPool", "the culprit", [padded], "m", OnnxAttribute.Ints("kernel_shape", 3, 3), OnnxAttribute.Ints("strides", 2, 2));
        s.Conv(s.ResizeNearest(low), 3, 3, 3, "y");
        AssertRefused(s.Model(), "MaxPool 'the culprit'", "zeros around a map that may be negative");
    }

    [TestMethod]
    public void Import_WeightUsedTwice_IsRefusedWithBothUsers()
    {
        ModelSketch s = new(1, 3, 3);
        (string weight, string bias) = (s.Weight(3, 3, 3, 3), s.Weight(3));
        string x = s.Named("Conv", "first", ["x", weight, bias], "a", ModelSketch.Kernel(3));
        s.Named("Conv", "second", [x, weight, s.Weight(3)], "y", ModelSketch.Kernel(3));
        AssertRefused(s.Model(), $"'{weight}'", "Conv 'first'", "Conv 'second'", "use a weight twice");
    }

    [TestMethod]
    public void Import_OutputChannelsWithoutMeaning_AskForIt()
    {
        ModelSketch s = new(1, 1, 5);
        s.Conv("x", 1, 5, 3, "y");
        OnnxModel model = s.Model();
        foreach (OutputDescription? described in (OutputDescription?[])[null, OutputDescription.Cellpose])
        {
            SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Network.Read(model, described));
            Assert.AreEqual(ErrorKind.OutputsUnknown, e.Kind);
            Assert.AreEqual(model.Origin, e.File);
            StringAssert.Contains(e.Message, "5 channels", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void Import_TwoInputs_IsRefused()
    {
        ModelSketch s = new(1, 1, 3);
        s.AddInput("prior", 1);
        s.Conv(s.Concat("x", "prior"), 2, 3, 3, "y");
        AssertRefused(s.Model(), "2 inputs");
    }

    [TestMethod]
    public void Import_NoMapAsOutput_IsRefused()
    {
        ModelSketch s = new(1, 3, 3);
        s.Named("GlobalAveragePool", "pool", [s.Conv("x", 3, 3, 3)], "y");
        AssertRefused(s.Model(), "none of its outputs is a map of the input's size");
    }

    [TestMethod]
    [DataRow("linear", "asymmetric")]
    [DataRow("cubic", "half_pixel")]
    [DataRow("nearest", "align_corners")]
    public void Import_ResizeOfAnotherKind_IsRefused(string mode, string coordinates)
    {
        ModelSketch s = new(1, 1, 3);
        string low = s.MaxPool(s.Conv("x", 1, 4, 3));
        string up = s.Resize(
            low, OnnxAttribute.String("mode", mode),
            OnnxAttribute.String("coordinate_transformation_mode", coordinates));
        s.Conv(up, 4, 3, 1, "y");
        AssertRefused(s.Model(), "Resize '", mode, coordinates, "Supported:");
    }

    [TestMethod]
    public void Import_ChannelsOfAnythingButTheImage_AreRefused()
    {
        ModelSketch s = new(1, 2, 3);
        string x = s.Conv("x", 2, 4, 3);
        s.Conv(s.Channels(x, 0, 2), 2, 3, 1, "y");
        AssertRefused(s.Model(), "Slice", "only the image's channels", "Supported:");

        s = new(1, 2, 3);
        s.Conv(s.Channels("x", 1, 1), 1, 3, 1, "y");
        AssertRefused(s.Model(), "Slice", "no channel");
    }

    [TestMethod]
    [DataRow("nearest", true)]
    [DataRow("linear", false)]
    public void Import_UpsampleOfOpset9_IsAsymmetric(string mode, bool known)
    {
        // Before opset 11 there is no half_pixel: linear upsampling was another function.
        ModelSketch s = new(1, 1, 3, 9);
        string low = s.MaxPool(s.Conv("x", 1, 4, 3));
        s.Conv(s.Upsample(low, mode), 4, 3, 1, "y");
        if (known)
        {
            Assert.AreEqual(1, Counts(Network.Read(s.Model()))["Resize x2 nearest"]);
        }
        else
        {
            AssertRefused(s.Model(), "Upsample '", "linear, asymmetric", "Supported:");
        }
    }

    /// <summary>How many operations of each kind the engine makes of it, joined ones counted once.</summary>
    private static Dictionary<string, int> Counts(Network network) =>
        NetworkCompiler.Compile(network).CountBy(o => o.Kind).ToDictionary();

    private static void AssertRefused(OnnxModel model, params string[] parts)
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Network.Read(model));
        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        foreach (string part in parts.Append(model.Origin))
        {
            StringAssert.Contains(e.Message, part, StringComparison.Ordinal);
        }
    }

    private static double[] Output(Network network)
    {
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, 1, 32, 48, GraphMode.Inference);
        graph.Input.Upload(OperationCase.Noise(graph.Input.Length, 3));
        graph.Forward();
        return [.. OperationBench.Read(graph.Output), .. OperationBench.Read(graph.Embedding)];
    }

    /// <summary>The same model with numbered names for its values, weights and nodes.</summary>
    private static OnnxModel Rename(OnnxModel model)
    {
        Dictionary<string, string> names = new() { [""] = "" };
        string New(string name)
        {
            if (!names.TryGetValue(name, out string? renamed))
            {
                // Not in the old order.
                int number = (names.Count * 7919) % 100_003;
                renamed = names[name] = "n" + number.ToString(CultureInfo.InvariantCulture);
            }

            return renamed;
        }

        OnnxWriter writer = new("renamed", model.Opsets[""], model.IrVersion);
        foreach (OnnxTensor tensor in model.Graph.Initializers)
        {
            writer.AddInitializer(OnnxTensor.FromRaw(
                New(tensor.Name), tensor.DataType, [.. tensor.Dims], tensor.ToRaw()));
        }

        model.Graph.Inputs.ToList().ForEach(i => writer.AddInput(i with { Name = New(i.Name) }));
        model.Graph.Outputs.ToList().ForEach(o => writer.AddOutput(o with { Name = New(o.Name) }));
        foreach (OnnxNode node in model.Graph.Nodes)
        {
            writer.AddNode(
                node.OpType, "", [.. node.Inputs.Select(New)], [.. node.Outputs.Select(New)],
                [.. node.Attributes]);
        }

        return OnnxModel.Parse(writer.ToArray(), "renamed");
    }
}
