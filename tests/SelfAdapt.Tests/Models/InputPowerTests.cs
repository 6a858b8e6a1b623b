using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using static SelfAdapt.Tests.Models.SmallModels;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class InputPowerTests
{
    private static readonly float[] Pixels = [-0.5f, 0, 0.25f, 1, 1.5f, 0.04f, 0, 0.7f];

    [TestMethod]
    [DataRow(8L)]
    [DataRow(3L)]
    public void With_AndWithout_GiveBackEveryByte(long ir)
    {
        OnnxModel model = Parse(Conv(ir));
        OnnxModel raised = InputPower.With(model, 0.7);
        Assert.AreEqual(0.7, InputPower.Of(raised));
        Assert.AreEqual(1.0, InputPower.Of(model));
        CollectionAssert.AreEqual(model.Bytes, InputPower.Without(raised).Bytes);
        CollectionAssert.AreEqual(model.Bytes, InputPower.With(raised, 1).Bytes);
        CollectionAssert.AreEqual(InputPower.With(model, 1.5).Bytes, InputPower.With(raised, 1.5).Bytes);
        Assert.AreSame(model, InputPower.With(model, 1));
        Assert.AreSame(raised, InputPower.With(raised, 0.7));
    }

    [TestMethod]
    public void WithWeights_OfARaisedModel_LeavesThePower()
    {
        OnnxModel raised = InputPower.With(Parse(Conv()), 0.5);
        Dictionary<string, float[]> weights = new() { ["w"] = [6, 5, 4, 3, 2, 1] };
        CollectionAssert.AreEqual(
            InputPower.With(Parse(Conv()).WithWeights(weights), 0.5).Bytes, raised.WithWeights(weights).Bytes);
    }

    [TestMethod]
    public void OnnxRuntime_RunsTheFile_AsWeRunTheModelOnRaisedPixels()
    {
        OnnxModel model = Parse(Conv());
        OnnxModel raised = InputPower.With(model, 0.7);
        using OrtSession other = new(raised.Bytes, new OrtOptions(Threads: 1));
        using OrtSession plain = new(model.Bytes, new OrtOptions(Threads: 1));
        float[] ours = [.. Pixels];
        InputPower.Raise(ours, 0.7);
        float[] expected = plain.Run(ours, [1, 2, 2, 2], "y")[0];
        float[] actual = other.Run(Pixels, [1, 2, 2, 2], "y")[0];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-6f * Math.Max(1, Math.Abs(expected[i])));
        }

        using OrtNetwork network = OrtNetwork.Load(
            raised, new OrtNetworkOutputs("y", null, OutputDescription.Cellpose), new OrtOptions(Threads: 1));
        float[] output = new float[expected.Length];
        network.Run(ours, 1, 2, 2, output, []);
        Assert.AreEqual(0.7, network.Gamma);
        CollectionAssert.AreEqual(expected, output, "the caller raises, once");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void NetworkRead_KnowsThePower_AndVariantsCarryIt(bool half)
    {
        OnnxModel model = OnnxModel.Load(Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx"));
        Network plain = Network.Read(model);
        OnnxModel raised = InputPower.With(model, 0.7);
        Network network = Network.Read(raised);
        Assert.AreEqual((1.0, 0.7), (plain.Gamma, network.Gamma));
        CollectionAssert.AreEqual(plain.InitialParameters, network.InitialParameters);
        Assert.HasCount(plain.Nodes.Count, network.Nodes);

        ModelVariant variant = ModelVariant.Portable with { Half = half };
        OnnxModel written = Parse(NetworkWriter.Write(raised, network, variant, new Dictionary<string, string>()));
        Assert.AreEqual(0.7, InputPower.Of(written));
        CollectionAssert.AreEqual(
            NetworkWriter.Write(model, plain, variant, new Dictionary<string, string>()), InputPower.Without(written).Bytes);
    }

    [TestMethod]
    public void With_ExponentOfTheInputsType()
    {
        OnnxWriter writer = new("half", 16, 8);
        writer.AddInput(new OnnxValueInfo("x", OnnxDataType.Float16, [new(1, null), new(1, null), new(4, null), new(4, null)]));
        writer.AddOutput(new OnnxValueInfo("y", OnnxDataType.Float16, [new(1, null), new(1, null), new(4, null), new(4, null)]));
        writer.AddNode("Relu", "relu", ["x"], ["y"]);
        OnnxModel raised = InputPower.With(Parse(writer.ToArray()), 0.7);
        Assert.AreEqual(OnnxDataType.Float16, raised.Graph.Nodes[1].GetTensor("value")!.DataType);
        Assert.AreEqual(0.7, InputPower.Of(raised), 1e-3);
        using OrtSession session = new(raised.Bytes, new OrtOptions(Threads: 1));
    }

    [TestMethod]
    public void With_IntegerInput_Refused()
    {
        OnnxWriter writer = new("bytes", 16, 8);
        writer.AddInput(new OnnxValueInfo("x", OnnxDataType.UInt8, [new(1, null), new(1, null), new(4, null), new(4, null)]));
        writer.AddOutput(Value("y", 1, 1, 4, 4));
        writer.AddNode("Cast", "cast", ["x"], ["y"], OnnxAttribute.Int("to", (long)OnnxDataType.Float));
        SelfAdaptException e =
            Assert.ThrowsExactly<SelfAdaptException>(() => InputPower.With(Parse(writer.ToArray()), 0.7));
        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
    }

    [TestMethod]
    public void Of_NodesOfOthers_AreNoPower()
    {
        OnnxWriter writer = new("other", 16, 8);
        writer.AddInput(Value("x", 1, 1, 4, 4));
        writer.AddOutput(Value("y", 1, 1, 4, 4));
        writer.AddInitializer(OnnxTensor.FromFloats("e", [], [0.7f]));
        writer.AddNode("Relu", "a", ["x"], ["p"]);
        writer.AddNode("Pow", "b", ["p", "e"], ["y"]);
        OnnxModel model = Parse(writer.ToArray());
        Assert.AreEqual(1.0, InputPower.Of(model));
        Assert.AreSame(model, InputPower.Without(model));
    }
}
