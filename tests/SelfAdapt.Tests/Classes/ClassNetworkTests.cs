using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Classes;

/// <summary>Networks that end in a softmax: read, trained, adapted, written.</summary>
[TestClass]
internal sealed class ClassNetworkTests
{
    private const int Side = 64;

    [TestMethod]
    [DataRow(12)]
    [DataRow(16)]
    public void Read_Softmax_IsTrainedAsItsLogits(int opset)
    {
        OnnxModel model = Model(opset);
        Network network = Network.Read(model);
        Assert.AreEqual("classes3", network.Outputs.Parts.Single().Kind.Word);
        Assert.IsFalse(network.TrainedNodes.Any(n => n is SoftmaxNode));
        float[] picture = OperationCase.Noise(Side * Side, 5);
        float[] logits = new float[3 * Side * Side];
        using CpuBackend backend = new(2);
        using EngineNetwork engine = new(network, null, backend);
        engine.Run(picture, 1, Side, Side, logits, new float[engine.EmbeddingLength]);
        byte[] variant = NetworkWriter.Write(model, network, new ModelVariant(), new Dictionary<string, string>());
        foreach (OnnxModel file in (OnnxModel[])[model, OnnxModel.Parse(variant, "variant")])
        {
            using OrtSession session = new(file.Bytes, new OrtOptions(Threads: 2));
            float[] expected = session.Run(picture, [1, 1, Side, Side], "y")[0];
            for (int p = 0; p < Side * Side; p++)
            {
                double sum = Enumerable.Range(0, 3).Sum(c => Math.Exp(logits[(c * Side * Side) + p]));
                for (int c = 0; c < 3; c++)
                {
                    int at = (c * Side * Side) + p;
                    Assert.AreEqual(expected[at], Math.Exp(logits[at]) / sum, 1e-5);
                }
            }
        }
    }

    [TestMethod]
    public void Read_SoftmaxInside_IsRefusedByName()
    {
        ModelSketch s = new(3, 1, 3);
        string inner = s.Named("Softmax", "the culprit", [s.Conv("x", 1, 4, 3)], "s", OnnxAttribute.Int("axis", 1));
        s.Conv(inner, 4, 3, 1, "y");
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => Network.Read(s.Model()));
        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        StringAssert.Contains(e.Message, "Softmax 'the culprit'", StringComparison.Ordinal);
    }

    /// <summary>DeepWatershed's: two outputs, described, are joined; a step on a changed picture moves the weights by squares alone.</summary>
    [TestMethod]
    public void Read_InnerAndOuterDistance_AreAdaptedTogether()
    {
        ModelSketch s = new(4, 1, 1);
        string x = s.Relu(s.Conv("x", 1, 6, 3));
        s.Named("Relu", "inner", [s.Conv(x, 6, 1, 3)], "y");
        s.AddOutput("outer", 1);
        s.Conv(x, 6, 1, 1, "outer");
        OnnxModel model = s.Model();
        Network network = Network.Read(model, new(
            [new(OutputKind.Find("innerdistance")!, 0, "inner"), new(OutputKind.Find("outerdistance")!, 1, "outer")]));
        Assert.IsNull(network.Outputs.Logit);
        float[] picture = OperationCase.Noise(Side * Side, 5);
        float[] output = new float[2 * Side * Side];
        using CpuBackend backend = new(2);
        using (EngineNetwork engine = new(network, null, backend))
        {
            engine.Run(picture, 1, Side, Side, output, new float[engine.EmbeddingLength]);
        }

        using OrtSession session = new(model.Bytes, new OrtOptions(Threads: 2));
        float[] expected = [.. new[] { "y", "outer" }.SelectMany(n => session.Run(picture, [1, 1, Side, Side], n)[0])];
        for (int i = 0; i < output.Length; i++)
        {
            Assert.AreEqual(expected[i], output[i], 1e-5);
        }

        using AdaptationStep adaptation = new(network, backend, new AdaptationOptions { BatchSize = 1, Crop = Side });
        StepPoint point = adaptation.Step(picture, OperationCase.Noise(Side * Side, 6), 1e-3);
        Assert.IsTrue(point.GradientNorm > 0 && point.Loss > 0, $"{point.GradientNorm}, {point.Loss}");
        Assert.IsTrue(point.Kept.ToArray().All(k => k is > 0.7f and < 0.9f), string.Join(' ', point.Kept.ToArray()));
    }

    /// <summary>Trained on simulated micrographs, then adapted to dim ones: cells are found before and after.</summary>
    [TestMethod]
    public void Network_TrainedOnMicrographs_SegmentsAndAdapts()
    {
        OnnxModel model = Model(16);
        Network network = Network.Read(model);
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(network, backend);
        Train(network, weights, backend);
        WeightSnapshot source = weights.Download();
        Assert.IsGreaterThan(0.6, Precision(network, source, backend, 1));

        OnnxModel trained = model.WithWeights(source.ByName(network));
        AdaptationOptions options = new() { BatchSize = 2, Crop = Side };
        using AdaptationStep adaptation = new(Network.Read(trained), backend, options);
        Micrograph[] dim = [.. Enumerable.Range(0, 4).Select(i => Picture(60 + (ulong)i, 0.5))];
        for (int step = 0; step < 8; step++)
        {
            float[] batch = [.. Prepared(dim[step % 4]).Pixels, .. Prepared(dim[(step + 1) % 4]).Pixels];
            StepPoint point = adaptation.Step(batch, new StrongAugmentation[2], 1e-3);
            Assert.IsTrue(point.Loss is > 0 and < 2, $"step {step}: {point.Loss}");
            Assert.IsTrue(point.Kept.ToArray().All(k => k is > 0.1f and < 1), $"step {step}: kept {string.Join(' ', point.Kept.ToArray())}");
        }

        WeightSnapshot adapted = adaptation.Student.Download();
        Assert.IsFalse(source.Parameters.SequenceEqual(adapted.Parameters));
        Assert.IsGreaterThan(0.6, Precision(network, adapted, backend, 0.5));
    }

    internal static OnnxModel Model(int opset)
    {
        ModelSketch s = new(11, 1, 3, opset);
        string x = s.Relu(s.Conv("x", 1, 12, 3));
        x = s.Relu(s.Conv(x, 12, 12, 3));
        if (opset >= 13)
        {
            string low = s.Relu(s.Conv(s.MaxPool(x), 12, 12, 3));
            x = s.Conv(s.Concat(x, s.ResizeNearest(low)), 24, 3, 1);
            s.Named("Softmax", "end", [x], "y", OnnxAttribute.Int("axis", 1));
            return s.Model();
        }

        // As torch exports it for older operator sets.
        OnnxAttribute turn = OnnxAttribute.Ints("perm", 0, 3, 2, 1);
        string last = s.Node("Softmax", [s.Node("Transpose", [s.Conv(x, 12, 3, 1)], turn)], OnnxAttribute.Int("axis", 3));
        s.Named("Transpose", "end", [last], "y", turn);
        return s.Model();
    }

    /// <summary>Cross-entropy against the classes that the masks tell: a teacher that is sure.</summary>
    private static void Train(Network network, NetworkWeights weights, CpuBackend backend)
    {
        const int Batch = 2;
        using TrainableGraph graph = new(network, weights, backend, Batch, Side, Side, GraphMode.Training);
        using DeviceVector labels = backend.CreateVector(graph.Output.Length);
        using DeviceVector deviation = backend.CreateVector(graph.Output.Length);
        using DeviceVector thresholds = backend.CreateVector(12);
        using DeviceVector losses = backend.CreateVector(6);
        using DeviceVector first = backend.CreateVector(network.ParameterCount);
        using DeviceVector second = backend.CreateVector(network.ParameterCount);
        using DeviceVector sums = backend.CreateVector(2);
        Micrograph[] pictures = [.. Enumerable.Range(0, 8).Select(i => Picture((ulong)i, 1))];
        for (int step = 0; step < 240; step++)
        {
            Micrograph[] batch = [.. Enumerable.Range(0, Batch).Select(i => pictures[((Batch * step) + i) % pictures.Length])];
            graph.Input.Upload([.. batch.SelectMany(m => Prepared(m).Pixels)]);
            labels.Upload([.. batch.SelectMany(m => Targets(m.Labels))]);
            graph.Forward();
            backend.Steps.MaskedLoss(
                graph.Output, labels, deviation, graph.OutputShape, network.Outputs.Meanings,
                new(0, false, false, true, false), thresholds, graph.OutputGradient!, losses);
            graph.Backward();
            backend.Steps.OptimizerStep(
                new(weights.Parameters, graph.ParameterGradients!, first, second, null, null),
                new(step + 1, 0.01f, 0, 0.9f, 0.999f, 1e-8f, 0, false, 1), sums);
            weights.MarkChanged();
        }
    }

    /// <summary>Background, inside, and inside with another label beside it.</summary>
    private static IEnumerable<float> Targets(LabelImage masks)
    {
        int[] classes = [.. Enumerable.Range(0, Side * Side).Select(p => masks.Labels[p] == 0 ? 0
            : Around(p).Any(q => masks.Labels[q] != masks.Labels[p]) ? 2 : 1)];
        return Enumerable.Range(0, 3).SelectMany(c => classes.Select(k => k == c ? 1f : 0));

        static IEnumerable<int> Around(int p)
        {
            (int y, int x) = (p / Side, p % Side);
            return ((int, int)[])[(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)] is var four
                ? four.Where(n => n.Item1 is >= 0 and < Side && n.Item2 is >= 0 and < Side).Select(n => (n.Item1 * Side) + n.Item2)
                : [];
        }
    }

    private static double Precision(Network network, WeightSnapshot weights, CpuBackend backend, double contrast)
    {
        using EngineNetwork engine = new(network, weights, backend);
        Segmenter segmenter = new(engine, new() { Diameter = 0 });
        double precision = Enumerable.Range(50, 6).Select(i => Picture((ulong)i, contrast)).Average(
            m => SegmentationMetrics.AveragePrecision(m.Labels, segmenter.Segment(m.Image).Masks, [0.5])[0]);
        Console.WriteLine($"AP50 at contrast {contrast}: {precision:0.000}");
        return precision;
    }

    private static Image Prepared(Micrograph micrograph) =>
        ImagePreparation.Prepare(micrograph.Image, new() { Diameter = 0 }, 1, "picture");

    private static Micrograph Picture(ulong seed, double contrast) => MicrographSimulator.Simulate(
        MicrographOptions.Clean with { Height = Side, Width = Side, Nuclei = 6, Diameter = 14, Contrast = contrast }, seed);
}
