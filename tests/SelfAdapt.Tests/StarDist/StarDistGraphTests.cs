using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.StarDist;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.StarDist;

[TestClass]
internal sealed class StarDistGraphTests
{
    private const int Height = 32;
    private const int Width = 48;

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(2, false)]
    [DataRow(2, true)]
    [DataRow(4, false)]
    public void Read_WhatTheGraphReturns_IsTrainedAsLogitAndRays(int grid, bool apart)
    {
        OnnxModel model = apart ? TwoOutputs() : Model(grid);
        Network network = Network.Read(model);
        Assert.AreEqual("logit,rays8", string.Join(',', network.Outputs.Parts.Select(p => p.Kind.Word)));
        Assert.AreEqual(grid, network.Outputs.Grid);
        foreach (OnnxModel file in new[] { model, Variant(model, network) })
        {
            AssertSame(file, Outputs(model, network), grid);
        }

        // A description in words says the same.
        Network described = Network.Read(model, new(
            [new(OutputKind.Probability, 0, "p"), new(OutputKind.Find("rays8")!, 1, "d")]));
        CollectionAssert.AreEqual(Outputs(model, network), Outputs(model, described));
    }

    [TestMethod]
    public void EmbeddedNetwork_SimulatedNuclei_AreFound()
    {
        OnnxModel model = OnnxModel.Load(Path.Combine(RepositoryFolder.Root, "models", "nuclei_stardist.onnx"));
        using CpuBackend backend = new(2);
        using EngineNetwork engine = new(Network.Read(model), null, backend);
        MicrographOptions options = MicrographOptions.Clean;
        Micrograph micrograph = MicrographSimulator.Simulate(options, 4);
        LabelImage masks = new Segmenter(engine, new() { Diameter = options.Diameter, DiamMean = 17 })
            .Segment(micrograph.Image).Masks;
        Assert.IsGreaterThan(0.75, SegmentationMetrics.AveragePrecision(micrograph.Labels, masks, [0.5])[0]);
    }

    [TestMethod]
    public void Read_AProbability_IsTrainedAsItsLogit()
    {
        ModelSketch s = new(3, 1, 1);
        string logit = s.Conv("x", 1, 1, 3);
        s.Named("Sigmoid", "end", [logit], "y");
        Network network = Network.Read(s.Model());
        Assert.AreEqual("logit", network.Outputs.Parts.Single().Kind.Word);
        float[] picture = OperationCase.Noise(Height * Width, 5);
        float[] expected = Ort(s.Model(), picture, "y");
        float[] logits = Outputs(s.Model(), network);
        for (int i = 0; i < logits.Length; i++)
        {
            Assert.AreEqual(expected[i], 1 / (1 + Math.Exp(-logits[i])), 1e-5);
        }
    }

    [TestMethod]
    public void Read_RaysThatAQuarterTurnWouldMix_AreNone() =>
        Assert.IsNull(OutputKind.Find("rays30") ?? OutputKind.Find("rays") ?? OutputKind.Find("rays0"));

    private static OnnxModel Model(int grid)
    {
        RandomStream random = new(7);
        return StarDistGraph.Build(
            new(1, [8, 16, 24], 8, grid, 5), random.NextUniform, new Dictionary<string, string> { ["diam_mean"] = "17" });
    }

    /// <summary>Probability and distances as two outputs of half the size, as Keras exports have them.</summary>
    private static OnnxModel TwoOutputs()
    {
        ModelSketch s = new(4, 1, 1);
        string x = s.MaxPool(s.Relu(s.Conv("x", 1, 6, 3)));
        s.Named("Sigmoid", "end", [s.Conv(x, 6, 1, 1)], "y");
        s.AddOutput("dist", 8);
        s.Conv(x, 6, 8, 1, "dist");
        return s.Model();
    }

    private static OnnxModel Variant(OnnxModel model, Network network) => OnnxModel.Parse(
        NetworkWriter.Write(model, network, new ModelVariant(), new Dictionary<string, string>()), "variant");

    private static float[] Outputs(OnnxModel model, Network network)
    {
        using ReferenceBackend backend = new();
        using EngineNetwork engine = new(network, null, backend);
        float[] output = new float[network.Outputs.Channels * Height * Width];
        engine.Run(
            OperationCase.Noise(Height * Width, 5), 1, Height, Width, output, new float[engine.EmbeddingLength]);
        return output;
    }

    private static void AssertSame(OnnxModel model, float[] actual, int grid)
    {
        string[] names = [.. model.Graph.Outputs.Select(o => o.Name)];
        float[] picture = OperationCase.Noise(Height * Width, 5);
        float[] expected = [.. names.SelectMany(n => Ort(model, picture, n))];
        int width = Width / grid;
        int plane = width * (Height / grid);
        Assert.HasCount(9 * plane, expected);
        for (int i = 0; i < actual.Length; i++)
        {
            (int c, int y, int x) = (i / (Height * Width), i / Width % Height, i % Width);
            double value = c == 0 ? 1 / (1 + Math.Exp(-actual[i])) : actual[i];
            Assert.AreEqual(expected[(c * plane) + (y / grid * width) + (x / grid)], value, 1e-4, $"{c}, {y}, {x}");
        }
    }

    private static float[] Ort(OnnxModel model, float[] picture, string output)
    {
        using OrtSession session = new(model.Embedded().Bytes, new OrtOptions(Threads: 2));
        return session.Run(picture, [1, 1, Height, Width], output)[0];
    }
}
