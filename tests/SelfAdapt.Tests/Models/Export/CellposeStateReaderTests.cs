using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Models.Export;

[TestClass]
internal sealed class CellposeStateReaderTests
{
    [TestMethod]
    public void Read_GraphOfACheckpoint_GivesThatCheckpoint()
    {
        ulong key = 0;
        TorchCheckpoint state = CellposeGraphBuilder.RandomState(
            [2, 4, 6, 8, 10], () => SelfAdapt.Engine.CounterRandom.Uniform(1, key++), 17f);

        TorchCheckpoint read = Read(CellposeGraphBuilder.Build(state), 17, 17);

        CollectionAssert.AreEqual(state.ToArray("x"), read.ToArray("x"));
    }

    [TestMethod]
    [DataRow(RealModels.Dynamic)]
    [DataRow(RealModels.SingleOutput)]
    [DataRow(RealModels.Static)]
    public void Read_RealExport_GivesTheCheckpointItCameFromWithFoldedNormsAsIdentity(string name)
    {
        OnnxModel model = RealModels.Load(name);
        TorchCheckpoint source =
            TorchCheckpoint.Load(SharedData.Path("models", "cellpose_nuclei_dsb", "nuclei_dsb"));

        TorchCheckpoint read = Read(model, 17, 23.5f);

        CollectionAssert.AreEqual(
            source.Tensors.Select(t => t.Name).ToArray(), read.Tensors.Select(t => t.Name).ToArray());
        Assert.AreEqual(17f, read.Find("diam_mean")!.ToFloats().Single());
        Assert.AreEqual(23.5f, read.Find("diam_labels")!.ToFloats().Single());
        foreach (OnnxTensor tensor in source.Tensors)
        {
            CollectionAssert.AreEqual(tensor.Dims.ToArray(), read.Find(tensor.Name)!.Dims.ToArray(), tensor.Name);
        }

        // The exporter folded the norms that stand behind a convolution: two per encoder level.
        string[] folded = [.. read.Tensors
            .Where(t => t.Name.EndsWith("running_var", StringComparison.Ordinal)
                && t.ToFloats().All(v => v == 1 - 1e-5f))
            .Select(t => t.Name)];
        CollectionAssert.AreEquivalent(
            Enumerable.Range(0, 4).SelectMany(level => new[] { 1, 3 }.Select(i =>
                $"downsample.down.res_down_{level}.conv.conv_{i}.0.running_var")).ToArray(),
            folded);

        // The same function, run as the graph that the state dict stands for.
        float[] x = Forward.Picture(2, 64, 64);
        float[] expected = Forward.Builtin(CellposeGraphBuilder.Build(source), x, 64, 64);
        float[] actual = Forward.Builtin(CellposeGraphBuilder.Build(read), x, 64, 64);
        Assert.IsLessThan(1e-5, Forward.Difference(expected, actual));
    }

    [TestMethod]
    public void Read_ProjectionNormFoldedAway_ComesBackAsOneThatChangesNothing()
    {
        TorchCheckpoint plain = State();
        string[] folded = ["downsample.down.res_down_1.proj.0", "upsample.up.res_up_0.proj.0", "output.0"];
        Dictionary<string, float[]> neutral = [];
        foreach (string norm in folded)
        {
            int channels = (int)plain.Find($"{norm}.weight")!.Count;
            neutral[$"{norm}.weight"] = [.. Enumerable.Repeat(1f, channels)];
            neutral[$"{norm}.bias"] = new float[channels];
            neutral[$"{norm}.running_mean"] = new float[channels];
            neutral[$"{norm}.running_var"] = [.. Enumerable.Repeat(1 - 1e-5f, channels)];
        }

        TorchCheckpoint expected = plain.WithWeights(neutral);
        TorchCheckpoint read = Read(Without(CellposeGraphBuilder.Build(plain), folded), 30, 30);

        CollectionAssert.AreEqual(expected.ToArray("x"), read.ToArray("x"));
    }

    [TestMethod]
    public void IdentityNorm_InFloats_IsExact()
    {
        // What Cellpose computes: 1 / sqrt(var + eps) in floats, times weight 1.
        float variance = 1 - 1e-5f;
        Assert.AreEqual(1f, variance + 1e-5f);
        Assert.AreEqual(1f, (float)(1 / Math.Sqrt((double)variance + 1e-5)));
    }

    [TestMethod]
    public void Read_AnotherEpsilon_MovesIntoTheScale()
    {
        OnnxModel model = Rewritten(CellposeGraphBuilder.Build(State()), [], epsilon: 1e-3f);
        TorchCheckpoint read = Read(model, 30, 30);

        float[] x = Forward.Picture(2, 32, 32);
        float[] expected = Forward.Builtin(model, x, 32, 32);
        float[] actual = Forward.Builtin(CellposeGraphBuilder.Build(read), x, 32, 32);
        Assert.IsLessThan(1e-5, Forward.Difference(expected, actual));
    }

    [TestMethod]
    [DataRow("unet")]
    [DataRow("tangle")]
    public void Read_AnotherNetwork_IsRefused(string name)
    {
        OnnxModel model = name == "unet" ? SmallNetworks.UNet() : SmallNetworks.Tangle();

        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Read(model, 30, 30));

        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        StringAssert.Contains(e.Message, "sketch.onnx", StringComparison.Ordinal);
    }

    private static TorchCheckpoint State()
    {
        ulong key = 0;
        return CellposeGraphBuilder.RandomState([2, 4, 6, 8], () => SelfAdapt.Engine.CounterRandom.Uniform(2, key++));
    }

    private static TorchCheckpoint Read(OnnxModel model, float mean, float labels) =>
        CellposeStateReader.Read(model, Network.Read(model), mean, labels);

    private static OnnxModel Without(OnnxModel model, string[] norms) => Rewritten(model, norms, null);

    /// <summary>The model without some BatchNormalization nodes, the others with another epsilon.</summary>
    private static OnnxModel Rewritten(OnnxModel model, string[] dropped, float? epsilon)
    {
        OnnxWriter writer = new("rewritten", 16, 8);
        Dictionary<string, string> passed = [];
        foreach (OnnxTensor tensor in model.Graph.Initializers)
        {
            writer.AddInitializer(tensor);
        }

        writer.AddInput(model.Graph.Inputs[0]);
        writer.AddOutput(model.Graph.Outputs[0]);
        foreach (OnnxNode node in model.Graph.Nodes)
        {
            if (dropped.Contains(node.Name))
            {
                passed[node.Outputs[0]] = passed.GetValueOrDefault(node.Inputs[0], node.Inputs[0]);
                continue;
            }

            OnnxAttribute[] attributes = [.. node.Attributes.Select(a =>
                epsilon is { } e && a.Name == "epsilon" ? OnnxAttribute.Float("epsilon", e) : a)];
            string[] inputs = [.. node.Inputs.Select(i => passed.GetValueOrDefault(i, i))];
            writer.AddNode(node.OpType, node.Name, inputs, node.Outputs, attributes);
        }

        return OnnxModel.Parse(writer.ToArray(), "rewritten.onnx");
    }
}
