using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;

namespace SelfAdapt.Tests.Models;

[TestClass]
internal sealed class CellposeGraphBuilderTests
{
    [TestMethod]
    public void Build_FullSize_HasTheDocumentedParts()
    {
        TorchCheckpoint state = CellposeGraphBuilder.RandomState([2, 32, 64, 128, 256], Uniform(1), 17f);

        OnnxModel model = CellposeGraphBuilder.Build(state);

        Assert.HasCount(313, state.Tensors);
        Assert.AreEqual(6_610_430, state.Tensors.Sum(t => t.Count));
        ILookup<string, OnnxNode> nodes = model.Graph.Nodes.ToLookup(n => n.OpType);
        Assert.AreEqual(41, nodes["BatchNormalization"].Count());
        Assert.AreEqual(41, nodes["Conv"].Count());
        Assert.AreEqual(12, nodes["Gemm"].Count());
        Assert.AreEqual(33, nodes["Relu"].Count());
        Assert.AreEqual(3, nodes["Resize"].Count());
        Assert.AreEqual(3, nodes["MaxPool"].Count());
        Assert.AreEqual("17", model.Metadata["diam_mean"]);
        Assert.AreEqual("input", model.Graph.Inputs.Single().Name);
        Assert.AreEqual("N 2 H W", string.Join(' ', model.Graph.Inputs.Single().Shape!));
        string outputs = string.Join(';', model.Graph.Outputs.Select(o => string.Join(' ', o.Shape!)));
        Assert.AreEqual("N 3 H W;N 256", outputs);
    }

    [TestMethod]
    public void RandomState_FollowsTorchsRules()
    {
        TorchCheckpoint state = CellposeGraphBuilder.RandomState([2, 16, 32, 64, 128], Uniform(1));

        // fan_in = 16 channels x 3 x 3 = 144, so values lie within 1/12 and fill that range.
        float[] conv = state.Find("downsample.down.res_down_0.conv.conv_1.2.weight")!.ToFloats();
        Assert.HasCount(16 * 16 * 9, conv);
        Assert.IsTrue(conv.All(v => Math.Abs(v) <= 1 / 12.0));
        Assert.IsTrue(conv.Max() > 0.98 / 12 && conv.Min() < -0.98 / 12);
        float[] linear = state.Find("upsample.up.res_up_1.conv.conv_2.full.bias")!.ToFloats();
        Assert.IsTrue(linear.All(v => Math.Abs(v) <= 1 / Math.Sqrt(128)) && linear.Distinct().Count() == 32);
        Assert.IsTrue(state.Find("output.0.weight")!.ToFloats().All(v => v == 1));
        Assert.IsTrue(state.Find("output.0.running_var")!.ToFloats().All(v => v == 1));
        Assert.IsTrue(state.Find("output.0.bias")!.ToFloats().All(v => v == 0));
        Assert.AreEqual(0, state.Find("output.0.num_batches_tracked")!.ToInt64s().Single());
        Assert.AreEqual(30f, state.Find("diam_labels")!.ToFloats().Single());
    }

    [TestMethod]
    public void Build_WeightsGoBackByName()
    {
        TorchCheckpoint state = CellposeGraphBuilder.RandomState([2, 4, 6], Uniform(2));
        OnnxModel model = CellposeGraphBuilder.Build(state);
        IEnumerable<string> names = model.Graph.Initializers.Select(t => t.Name);
        string[] keys = [.. names.Where(n => state.Find(n) is not null)];

        TorchCheckpoint after = state.WithWeights(
            keys.ToDictionary(k => k, k => model.FindWeight(k)!.ToFloats().Select(v => v * 2).ToArray()));

        Assert.HasCount(state.Tensors.Count(t => t.DataType == OnnxDataType.Float) - 2, keys);
        foreach (string key in keys)
        {
            float[] twice = [.. state.Find(key)!.ToFloats().Select(v => v * 2)];
            CollectionAssert.AreEqual(twice, after.Find(key)!.ToFloats());
        }
    }

    [TestMethod]
    public void Build_OtherNetwork_NamesWhatIsMissing()
    {
        TorchCheckpoint state = CellposeGraphBuilder.RandomState([2, 4, 6], Uniform(2));
        TorchCheckpoint lacking = new("part.pth", [.. state.Tensors.Where(t => t.Name != "output.0.bias")]);
        TorchCheckpoint prefixed = new(
            "ddp.pth", [.. state.Tensors.Select(t => OnnxTensor.FromFloats("module." + t.Name, [0], []))]);
        TorchCheckpoint reshaped = new(
            "r.pth",
            [.. lacking.Tensors, OnnxTensor.FromFloats("output.0.bias", [1], [0])]);
        TorchCheckpoint old = new("v1.pth", [.. state.Tensors.Skip(2)]);

        foreach ((TorchCheckpoint checkpoint, string says) in (ValueTuple<TorchCheckpoint, string>[])
            [(lacking, "'output.0.bias' is missing"), (prefixed, "is missing"), (reshaped, "[1] where [4]")])
        {
            SelfAdaptException e =
                Assert.ThrowsExactly<SelfAdaptException>(() => CellposeGraphBuilder.Build(checkpoint));
            Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
            StringAssert.Contains(e.Message, says, StringComparison.Ordinal);
            StringAssert.Contains(e.Message, checkpoint.Origin, StringComparison.Ordinal);
        }

        Assert.IsEmpty(CellposeGraphBuilder.Build(old).Metadata);
    }

    /// <summary>A small uniform generator, so that the tests don't depend on another room's.</summary>
    internal static Func<double> Uniform(ulong seed) => () =>
    {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        return (seed >> 11) * (1.0 / (1UL << 53));
    };
}
