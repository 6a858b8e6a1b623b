using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.ShallowToDeep.Enhancer;
using SelfAdapt.ShallowToDeep.PseudoLabels;

namespace SelfAdapt.Tests.ShallowToDeep;

[TestClass]
internal sealed class PseudoLabelTests
{
    private const int Side = 96;

    [TestMethod]
    public void Rectify_FirstBatchsMeans_ThenTheirAverage()
    {
        // Probabilities .8, .6 of what is labelled an object; .2 and .4 of what is not.
        float[] logits = [.. new[] { 0.8, 0.6, 0.2, 0.4 }.Select(p => (float)Math.Log(p / (1 - p)))];
        float[] labels = [1, 0.5f, 0, 0.25f];
        LabelRectification rectification = new(0.75);
        (float[] objects, float[] background) = rectification.Rectify(logits, labels);

        // Means: object .7, background .7.
        float[] expectedObjects = [0.9f * 1, 0.9f * 0.5f, 0, 0.7f * 0.25f];
        float[] expectedBackground = [0, 0.7f * 0.5f, 0.9f * 1, 0.9f * 0.75f];
        AssertClose(expectedObjects, objects);
        AssertClose(expectedBackground, background);

        // A batch of p = .9 moves the object's mean to .75 x .7 + .25 x .9 = .75 for the one after it.
        float high = (float)Math.Log(0.9 / 0.1);
        AssertClose([0.8f], rectification.Rectify([high], [1]).Object);
        AssertClose([0.85f], rectification.Rectify([high], [1]).Object);
    }

    [TestMethod]
    [DataRow(ForegroundLoss.Bce, true)]
    [DataRow(ForegroundLoss.Bce, false)]
    [DataRow(ForegroundLoss.Dice, false)]
    public void Losses_HaveTheGradientOfTheirValue(ForegroundLoss kind, bool rectified)
    {
        float[] logits = [0.3f, -1.2f, 30f, -25f];
        float[] truth = [1, 0, 0.5f, 0.9f];
        float[]? background = rectified ? [0.2f, 0.9f, 0, 0.4f] : null;
        (double loss, float[] gradient) = ForegroundLosses.Compute(kind, logits, truth, background);
        for (int i = 0; i < logits.Length; i++)
        {
            float[] moved = [.. logits];
            moved[i] += 1e-2f;
            Assert.AreEqual((ForegroundLosses.Compute(kind, moved, truth, background).Loss - loss) / 1e-2, gradient[i], 1e-3);
        }
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, true)]
    public void Trainer_LearnsThroughWrongLabels_AndDependsOnTheSeedAlone(bool consistency, bool rectification)
    {
        SourceImage[] truth = [.. Enumerable.Range(1, 3).Select(i => NoisyDiscs.Make((ulong)i, Side))];
        RandomStream random = new(7);
        SoftlyLabelled[] images = [.. truth.Select(t => new SoftlyLabelled(
            t.Image, [.. t.Object.Select(o => (float)((o ? 0.75 : 0.25) + random.NextUniform(-0.35, 0.25)))], "discs"))];
        PseudoLabelOptions options = new()
        {
            Iterations = 60,
            Crop = 64,
            LearningRate = 5e-3,
            Consistency = consistency,
            Rectification = rectification,
        };
        (WeightSnapshot first, Network network) = Train(1);
        (WeightSnapshot again, _) = Train(2);
        CollectionAssert.AreEqual(first.Parameters, again.Parameters);

        SourceImage other = NoisyDiscs.Make(9, Side);
        using CpuBackend backend = new(2);
        using EngineNetwork engine = new(network, first, backend);
        float[] logits = new float[Side * Side];
        engine.Run(other.Image.Values, 1, Side, Side, logits, new float[network.EmbeddingLength]);
        ForegroundScores scores = new();
        scores.Add(Array.ConvertAll(logits, l => (float)ForegroundLosses.Probability(l)), other.Object);
        Assert.IsGreaterThan(0.75, scores.F1);

        (WeightSnapshot, Network) Train(int threads)
        {
            RandomStream initial = new(3);
            Network made = Network.Read(UNetGraph.Build(1, [8, 16], initial.NextUniform, new Dictionary<string, string>()));
            using CpuBackend own = new(threads);
            using PseudoLabelTrainer trainer = new(made, own, options);
            return (trainer.Train(images, static _ => { }, CancellationToken.None), made);
        }
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], actual[i], 1e-6f, $"{i}");
        }
    }
}
