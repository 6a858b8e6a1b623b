using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Models.Export;

[TestClass]
internal sealed class VariantWriterTests
{
    private static readonly string[] Plain =
    [
        "Add", "BatchNormalization", "Concat", "Conv", "Div", "GlobalAveragePool", "MaxPool", "ReduceL2", "Relu",
        "Resize",
    ];

    private static readonly Dictionary<string, string> NoMetadata = [];

    [TestMethod]
    [DataRow("cellpose")]
    [DataRow("unet")]
    [DataRow("tangle")]
    [DataRow("functions")]
    [DataRow("latent")]
    [DataRow("strides")]
    [DataRow("windows")]
    public void Write_SmallNetworks_SayTheSame(string name)
    {
        OnnxModel source = Small(name);
        OnnxModel portable = Variant(source, ModelVariant.Portable);
        Network network = Network.Read(source);
        float[] x = Forward.Picture(network.InputChannels, 16, 24);
        float[] expected = Forward.Builtin(source, x, 16, 24);

        Assert.IsLessThan(1e-6, Forward.Difference(expected, Forward.Builtin(portable, x, 16, 24)));
        float[] half = Forward.OnnxRuntime(
            Variant(source, ModelVariant.Fp16).Bytes, "image", network.InputChannels, x, 16, 24);
        Assert.IsLessThan(1e-2, Forward.Difference(expected, half));
    }

    [TestMethod]
    [DataRow("cellpose")]
    [DataRow("unet")]
    [DataRow("tangle")]
    [DataRow("functions")]
    [DataRow("latent")]
    [DataRow("strides")]
    [DataRow("windows")]
    public void Import_Fp16_IsTheNetworkWithRoundedWeights(string name)
    {
        OnnxModel source = Small(name);
        OnnxModel half = Variant(source, ModelVariant.Fp16);
        Network network = Network.Read(source);
        float[] x = Forward.Picture(network.InputChannels, 16, 24);
        float[] run = Forward.Builtin(half, x, 16, 24);

        Assert.IsLessThan(1e-2, Forward.Difference(Forward.Builtin(source, x, 16, 24), run));

        // Written once more, as 32-bit floats, it stays what it is.
        Assert.IsLessThan(
            1e-6, Forward.Difference(run, Forward.Builtin(Variant(half, ModelVariant.Portable), x, 16, 24)));
    }

    [TestMethod]
    [DataRow(RealModels.Dynamic, 1e-5)]
    [DataRow(RealModels.SingleOutput, 1e-5)]
    [DataRow(RealModels.Static, 1e-5)]
    [DataRow(RealModels.UNet, 1e-5)]
    [DataRow(RealModels.Checkpoint, 1e-5)]
    public void Write_RealModels_OnnxRuntimeSaysTheSame(string name, double bound)
    {
        OnnxModel source = RealModels.Load(name);
        Network network = Network.Read(source);
        int channels = network.InputChannels;
        float[] x = Forward.Picture(channels, 224, 224);
        float[] expected = Forward.Builtin(source, x, 224, 224);
        foreach ((ModelVariant variant, double allowed) in (ReadOnlySpan<(ModelVariant, double)>)
            [(ModelVariant.Portable, bound), (ModelVariant.Static(224), bound), (ModelVariant.Fp16, 5e-3)])
        {
            byte[] written = Variant(source, variant).Bytes;
            double difference =
                Forward.Difference(expected, Forward.OnnxRuntime(written, "image", channels, x, 224, 224));
            Console.WriteLine($"{name}, {variant}: {difference:e2} of the largest value, {written.Length:N0} bytes");
            Assert.IsLessThan(allowed, difference, variant.ToString());
        }
    }

    [TestMethod]
    public void Write_Portable_IsWhatOldConsumersTake()
    {
        OnnxModel model = Variant(SmallNetworks.Cellpose(4, 4, 8, 8), ModelVariant.Portable);

        Assert.IsLessThanOrEqualTo(17, model.Opsets[""]);
        Assert.IsLessThanOrEqualTo(8, model.IrVersion);
        Assert.AreEqual("image N 2 H W", Describe(model.Graph.Inputs.Single()));
        Assert.AreEqual("flows_cellprob N 3 H W", Describe(model.Graph.Outputs.Single()));
        Assert.IsTrue(model.Graph.Nodes.All(n => Plain.Contains(n.OpType)));
        Assert.HasCount(model.Graph.Nodes.Count, model.Graph.Nodes.Select(n => n.Name).Distinct());
        long[] norm = model.Graph.Nodes.Single(n => n.OpType == "ReduceL2").GetInts("axes")!;
        CollectionAssert.AreEqual(new long[] { 1 }, norm);
    }

    [TestMethod]
    public void Write_Static_FixesEverySize()
    {
        OnnxModel model = Variant(SmallNetworks.Cellpose(4, 4), ModelVariant.Static(32));

        Assert.AreEqual("image 1 2 32 32", Describe(model.Graph.Inputs.Single()));
        Assert.AreEqual("flows_cellprob 1 3 32 32", Describe(model.Graph.Outputs.Single()));
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => Variant(SmallNetworks.Cellpose(4, 4, 8), ModelVariant.Static(34)));
        Assert.AreEqual(ErrorKind.InvalidOption, e.Kind);
        StringAssert.Contains(e.Message, "multiples of 4", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Write_Fp16_StoresHalfFloatsBehind32BitDoors()
    {
        OnnxModel model = Variant(SmallNetworks.Cellpose(4, 4), ModelVariant.Fp16);

        Assert.AreEqual(OnnxDataType.Float, model.Graph.Inputs.Single().ElementType);
        Assert.AreEqual(OnnxDataType.Float, model.Graph.Outputs.Single().ElementType);
        Assert.IsTrue(model.Graph.Initializers.All(
            t => t.DataType == OnnxDataType.Float16 || t.Name == "upsample.scales"));
    }

    [TestMethod]
    public void Write_Fp16OfWeightsBeyondItsRange_IsRefusedByName()
    {
        OnnxModel source = SmallNetworks.Cellpose(4, 4);
        OnnxModel large = source.WithWeights(new Dictionary<string, float[]> { ["output.2.bias"] = [0, 1e6f, 0] });

        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Variant(large, ModelVariant.Fp16));

        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        StringAssert.Contains(e.Message, "'output.2.bias'", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Write_Metadata_IsStored()
    {
        OnnxModel source = SmallNetworks.Cellpose(4, 4);
        Dictionary<string, string> pairs = new() { ["b"] = "2", ["a"] = "1" };
        byte[] written =
            NetworkWriter.Write(source, Network.Read(source), ModelVariant.Portable, pairs);

        CollectionAssert.AreEquivalent(pairs.ToArray(), OnnxModel.Parse(written, "v").Metadata.ToArray());
    }

    private static OnnxModel Small(string name) => name switch
    {
        "cellpose" => SmallNetworks.Cellpose(4, 4, 8, 8),
        "unet" => SmallNetworks.UNet(),
        "functions" => SmallNetworks.Functions(),
        "latent" => SmallNetworks.Latent(),
        "strides" => SmallNetworks.Strides(),
        "windows" => SmallNetworks.Windows(),
        _ => SmallNetworks.Tangle(),
    };

    private static OnnxModel Variant(OnnxModel source, ModelVariant variant) => OnnxModel.Parse(
        NetworkWriter.Write(source, Network.Read(source), variant, NoMetadata), "variant.onnx");

    private static string Describe(OnnxValueInfo value) => $"{value.Name} {string.Join(' ', value.Shape!)}";
}
