using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>
/// Runs that can only do harm: the embedded model, what goes wrong put in on purpose. What comes out is judged on images
/// that the model does well on.
/// </summary>
[TestClass]
internal sealed class NeverWorseTests
{
    private const int Side = 96;

    private static readonly AdaptationOptions Options = new()
    {
        Iterations = 12,
        Warmup = 2,
        EvalEvery = 4,
        BatchSize = 2,
        Crop = 64,
        Views = 2,
    };

    private static readonly SegmentationOptions Segmentation = new() { Diameter = 22, DiamMean = 17 };

    private static readonly Lazy<Network> Model = new(() => Network.Read(
        OnnxModel.Load(Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx"))));

    [TestMethod]
    public void Run_LearningRateTimesThousand_KeepsTheOriginal()
    {
        AdaptationResult result = Run(Clean(6), Options with { LearningRate = 1000 * Options.LearningRate });
        Assert.AreEqual(0, result.KeptPoint.Iteration);
        CollectionAssert.AreEqual(Model.Value.InitialParameters, result.Kept.Parameters);
        CollectionAssert.AreEqual(Model.Value.InitialStatistics, result.Kept.Statistics);
    }

    [TestMethod]
    public void Run_ConstantImages_KeepsTheOriginal() => Assert.AreEqual(
        0, Run([.. Enumerable.Range(0, 6).Select(i => Named(i, (_, _) => 7))], Options).KeptPoint.Iteration);

    [TestMethod]
    public void Run_Gradients_KeepsTheOriginal() => Assert.AreEqual(
        0, Run([.. Enumerable.Range(0, 6).Select(i => Named(i, (y, x) => (y * i) + x))], Options).KeptPoint.Iteration);

    [TestMethod]
    public void Run_PureNoise_IsNoWorseOnWhatTheModelKnew() => AssertNoWorse(Run(
        [.. Enumerable.Range(0, 6).Select(i => Named(i, (y, x) => CounterRandom.Normal((ulong)i, (ulong)((y * Side) + x))))],
        Options));

    [TestMethod]
    public void Run_OneImage_IsNoWorse() => AssertNoWorse(Run(Clean(1), Options));

    [TestMethod]
    [DataRow(5.5)]
    [DataRow(88)]
    public void Run_WrongDiameter_IsNoWorse(double diameter) =>
        AssertNoWorse(Run(Clean(6), Options, Segmentation with { Diameter = diameter }));

    private static AdaptationResult Run(
        IReadOnlyList<NamedImage> images, AdaptationOptions options, SegmentationOptions? segmentation = null)
    {
        using CpuBackend backend = new(2);
        using AdaptationLoop adapter = new(Model.Value, backend, options, segmentation ?? Segmentation);
        return adapter.Run(images, [], new Deaf(), CancellationToken.None);
    }

    private static void AssertNoWorse(AdaptationResult result)
    {
        using CpuBackend backend = new(2);
        using NetworkWeights weights = new(Model.Value, backend);
        using EngineNetwork network = new(weights, backend);
        Segmenter segmenter = new(network, Segmentation);
        LabelledImage[] judged = [.. Enumerable.Range(100, 4).Select(i => Labelled(i))];
        double before = Precision(segmenter, judged);
        weights.Upload(result.Kept.Parameters, result.Kept.Statistics);
        double after = Precision(segmenter, judged);
        Assert.IsGreaterThan(0.5, before, "the model does well on these images");
        Assert.IsGreaterThanOrEqualTo(before - 0.01, after, $"kept step {result.KeptPoint.Iteration}");
    }

    private static double Precision(Segmenter segmenter, LabelledImage[] images) => images.Average(
        i => InstanceMatching.Match(i.Masks, segmenter.Segment(i.Image).Masks, 0.5).AveragePrecision);

    private static NamedImage[] Clean(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new NamedImage($"{i}", $"{i}", Labelled(i).Image))];

    private static LabelledImage Labelled(int seed)
    {
        Micrograph micrograph = MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Height = Side, Width = Side, Nuclei = 8 }, (ulong)seed);
        return new LabelledImage(micrograph.Image, micrograph.Labels, $"{seed}");
    }

    private static NamedImage Named(int index, Func<int, int, double> value)
    {
        float[] pixels = [.. Enumerable.Range(0, Side * Side).Select(i => (float)value(i / Side, i % Side))];
        return new NamedImage($"{index}", $"{index}", new Image(1, Side, Side, pixels));
    }

    private sealed class Deaf : IAdaptationObserver
    {
        public void OnStep(StepPoint point)
        {
        }

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
        }
    }
}
