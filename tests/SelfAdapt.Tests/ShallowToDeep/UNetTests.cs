using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.Tests.ShallowToDeep;

[TestClass]
internal sealed class UNetTests
{
    private const int Height = 16;
    private const int Width = 32;

    [TestMethod]
    public void Forward_IsTorchs()
    {
        // torch 1.13 in double: the same weights and picture.
        (int At, float Value)[] golden =
        [
            (0, 0.2633958f), (33, 0.6355851f), (200, 0.36246f), (511, 0.2492533f), (512, 0.3003035f), (777, 0.567688f),
            (1023, 0.2517728f),
        ];
        OnnxModel model = Model();
        foreach (Backend backend in new Backend[] { new ReferenceBackend(), new CpuBackend(2) })
        {
            using (backend)
            {
                using EngineNetwork network = new(Network.Read(model), null, backend);
                float[] output = Run(network);
                foreach ((int at, float value) in golden)
                {
                    Assert.AreEqual(value, output[at], 2e-5, $"{backend.Name} at {at}");
                }
            }
        }

        // What was written runs the same in ONNX Runtime.
        using OrtNetwork ort = OrtNetwork.Load(
            model, new("output", null, OutputDescription.Foreground), new OrtOptions(Threads: 2));
        foreach ((int at, float value) in golden)
        {
            Assert.AreEqual(value, Run(ort)[at], 2e-5, $"ONNX Runtime at {at}");
        }
    }

    [TestMethod]
    public void Steps_AreTorchs()
    {
        Network network = Network.Read(Model());
        using Backend backend = new CpuBackend(2);
        using NetworkWeights weights = new(network, backend);
        using TrainableGraph graph = new(network, weights, backend, 2, Height, Width, GraphMode.Training);
        using ForegroundTraining training = new(graph, 1e-5);
        float[] truth = [.. Enumerable.Range(0, 2 * Height * Width).Select(i => i / 5 % 3 == 0 ? 1f : 0.25f)];

        (double, float[]) Bce(float[] logits) => ForegroundLosses.Compute(ForegroundLoss.Bce, logits, truth);

        // torch 1.13 in double: the loss before each of three steps of AdamW, the first gradient's length and last value.
        Assert.AreEqual(0.708890137, training.Gradient(Picture, Bce), 1e-5);
        float[] gradient = graph.ParameterGradients!.Download();
        Assert.AreEqual(0.66354546, Math.Sqrt(gradient.Sum(g => (double)g * g)), 1e-4);
        Assert.AreEqual(0.084676298, gradient[^1], 1e-5);
        Assert.AreEqual(0.708890137, training.Step(Picture, Bce, 0.01), 1e-5);
        Assert.AreEqual(0.706235707, training.Step(Picture, Bce, 0.01), 2e-4);
        Assert.AreEqual(0.698354563, training.Step(Picture, Bce, 0.01), 5e-4);
    }

    [TestMethod]
    public void GroupNormalization_IsReadInBothForms_AndWrittenAsItWas()
    {
        Network network = Network.Read(Model());
        GroupNormalizationNode[] norms = [.. network.Nodes.OfType<GroupNormalizationNode>()];
        Assert.HasCount(10, norms);
        Assert.AreEqual(1, norms[0].Groups);
        Assert.IsTrue(norms.All(n => n.Groups == (n.Scale.Length < 8 ? 1 : 8)));

        OnnxWriter writer = new("one", 21, 10);
        writer.AddInput(SelfAdapt.Tests.Models.SmallModels.Value("x", null, 6, null, null));
        writer.AddOutput(SelfAdapt.Tests.Models.SmallModels.Value("y", null, 1, null, null));
        writer.AddInitializer(OnnxTensor.FromFloats("s", [6], [1, 2, 3, 4, 5, 6]));
        writer.AddInitializer(OnnxTensor.FromFloats("b", [6], new float[6]));
        writer.AddInitializer(OnnxTensor.FromFloats("w", [1, 6, 1, 1], [1, 1, 1, 1, 1, 1]));
        writer.AddNode("GroupNormalization", "n", ["x", "s", "b"], ["v"], OnnxAttribute.Int("num_groups", 3));
        writer.AddNode("Conv", "c", ["v", "w"], ["y"]);
        Network one = Network.Read(OnnxModel.Parse(writer.ToArray(), "one"));
        Assert.AreEqual(3, one.Nodes.OfType<GroupNormalizationNode>().Single().Groups);
    }

    [TestMethod]
    [DataRow(12)]
    [DataRow(24)]
    [DataRow(0)]
    public void Width_ThatGroupsDoNotDivide_IsRefused(int width) =>
        Assert.ThrowsExactly<ArgumentException>(() => UNetGraph.Build(1, [width, 16], () => 0.5, new Dictionary<string, string>()));

    [TestMethod]
    public void Paper_HasItsNumberOfParameters() => Assert.AreEqual(
        21_964_451, Network.Read(UNetGraph.Build(
            1, [64, 128, 256, 512, 1024], () => 0.5, new Dictionary<string, string>())).ParameterCount);

    [TestMethod]
    public void Dice_HasTheGradientOfItsLoss()
    {
        float[] logits = [0.3f, -1.2f, 2f, 0.1f];
        float[] truth = [1, 0, 0.5f, 1];
        (double loss, float[] gradient) = ForegroundLosses.Compute(ForegroundLoss.Dice, logits, truth);
        for (int i = 0; i < logits.Length; i++)
        {
            float[] moved = [.. logits];
            moved[i] += 1e-3f;
            Assert.AreEqual((ForegroundLosses.Compute(ForegroundLoss.Dice, moved, truth).Loss - loss) / 1e-3, gradient[i], 1e-3);
        }

        Assert.AreEqual(0, ForegroundLosses.Compute(ForegroundLoss.Dice, [20, -20], [1, 0]).Loss, 1e-6);
    }

    [TestMethod]
    public void Trainer_RepairsMaps_AndDependsOnTheSeedAlone()
    {
        SourceImage[] images = [.. Enumerable.Range(1, 3).Select(i => NoisyDiscs.Make((ulong)i, 96))];
        EnhancerOptions options = new()
        {
            Iterations = 40,
            BatchSize = 2,
            Crop = 64,
            Forests = 6,
            Trees = 8,
            PatchMin = 24,
            PatchMax = 40,
            PatchPixels = 400,
            LearningRate = 5e-3,
            ValidateEvery = 20,
        };
        (WeightSnapshot first, List<TrainingStep> steps) = Train(1);
        (WeightSnapshot again, _) = Train(2);
        CollectionAssert.AreEqual(first.Parameters, again.Parameters);
        Assert.IsLessThan(0.7 * steps.Take(5).Average(s => s.Loss), steps.TakeLast(5).Average(s => s.Loss));
        Assert.IsGreaterThan(0.5, steps.Max(s => s.Iou)!.Value);

        (WeightSnapshot, List<TrainingStep>) Train(int threads)
        {
            Network network = Network.Read(EnhancerTrainer.NewModel([8, 16], FeatureSet.Fast, 1));
            using Backend backend = new CpuBackend(threads);
            using EnhancerTrainer trainer = new(network, backend, options);
            List<TrainingStep> log = [];
            return (trainer.Train(images, FeatureSet.Fast, threads, log.Add, CancellationToken.None), log);
        }
    }

    [TestMethod]
    public void Enhancer_OfOtherMaps_IsRefused()
    {
        OnnxModel fast = EnhancerTrainer.NewModel([8, 16], FeatureSet.Fast, 1);
        PredictionEnhancer.Require(fast, Network.Read(fast), FeatureSet.Fast);
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => PredictionEnhancer.Require(fast, Network.Read(fast), FeatureSet.Full));
        StringAssert.Contains(e.Message, "other features");
        OnnxModel two = UNetGraph.Build(2, [8, 16], () => 0.5, new Dictionary<string, string>());
        e = Assert.ThrowsExactly<SelfAdaptException>(
            () => PredictionEnhancer.Require(two, Network.Read(two), FeatureSet.Fast));
        StringAssert.Contains(e.Message, "2 channels");
    }

    private static OnnxModel Model()
    {
        int counter = 0;
        return UNetGraph.Build(
            1, [8, 16, 32], () => ((counter++ * 0.6180339887498949) + 0.1) % 1.0, new Dictionary<string, string>());
    }

    private static float[] Picture => [.. Enumerable.Range(0, 2 * Height * Width).Select(i => i * 37 % 101 / 100f)];

    private static float[] Run(ISegmentationNetwork network)
    {
        float[] output = new float[2 * Height * Width];
        network.Run(Picture, 2, Height, Width, output, new float[2 * network.EmbeddingLength]);
        return output;
    }
}
