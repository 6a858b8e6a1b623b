using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Probabilistic.Learning;
using SelfAdapt.Probabilistic.Networks;
using SelfAdapt.Segmentation;
using SelfAdapt.Tests.ShallowToDeep;

namespace SelfAdapt.Tests.Probabilistic;

/// <summary>Losses, filters, views, and whole trainings of small networks.</summary>
[TestClass]
internal sealed class LearningTests
{
    [TestMethod]
    public void Divergence_HasTheGradientOfItsLoss_AndIsWhatSamplesSay()
    {
        const int Latent = 2;
        float[] latents = [0.3f, -0.2f, 0.1f, -0.4f, 0.8f, 0.1f, -0.3f, 0.2f, 0, 0, 0, 0, 0, 0, 0, 0];
        (double loss, float[] gradient) = LatentDivergence.Compute(latents, Latent);
        for (int i = 0; i < latents.Length; i++)
        {
            (float[] up, float[] down) = ([.. latents], [.. latents]);
            (up[i], down[i]) = (latents[i] + 1e-3f, latents[i] - 1e-3f);
            double quotient = (LatentDivergence.Compute(up, Latent).Loss - LatentDivergence.Compute(down, Latent).Loss)
                / ((double)up[i] - down[i]);
            Assert.AreEqual(quotient, gradient[i], 1e-5, $"{i}");
        }

        // The mean of ln q - ln p over samples of q; the second image's two are one and add nothing.
        const int Count = 200_000;
        double sum = 0;
        for (int i = 0; i < Count; i++)
        {
            for (int k = 0; k < Latent; k++)
            {
                double noise = CounterRandom.Normal(7, (ulong)((i * Latent) + k));
                double z = latents[(2 * Latent) + k] + (Math.Exp(latents[(3 * Latent) + k]) * noise);
                double apart = (z - latents[k]) / Math.Exp(latents[Latent + k]);
                sum += latents[Latent + k] - latents[(3 * Latent) + k] + (((apart * apart) - (noise * noise)) / 2);
            }
        }

        Assert.AreEqual(sum / Count / 2, loss, 8e-3);
    }

    [TestMethod]
    [DataRow(ForegroundLoss.Dice)]
    [DataRow(ForegroundLoss.Bce)]
    public void FilteredLoss_HasItsGradient_AndIgnoresWhatDoesNotCount(ForegroundLoss kind)
    {
        float[] logits = [0.3f, -1.2f, 2f, 0.1f];
        float[] truth = [1, 0, 0.5f, 1];
        float[] filter = [1, 0.25f, 0, 0.5f];
        (double loss, float[] gradient) = ForegroundLosses.Compute(kind, logits, truth, filter: filter);
        for (int i = 0; i < logits.Length; i++)
        {
            float[] moved = [.. logits];
            moved[i] += 1e-3f;
            double change = ForegroundLosses.Compute(kind, moved, truth, filter: filter).Loss - loss;
            Assert.AreEqual(change / 1e-3, gradient[i], 1e-3);
        }

        Assert.AreEqual(0, gradient[2]);
        (double plain, float[] plainGradient) = ForegroundLosses.Compute(kind, logits, truth);
        (double ones, float[] onesGradient) = ForegroundLosses.Compute(kind, logits, truth, filter: [1, 1, 1, 1]);
        Assert.AreEqual(plain, ones);
        CollectionAssert.AreEqual(plainGradient, onesGradient);
        (double none, float[] noGradient) = ForegroundLosses.Compute(kind, logits, truth, filter: new float[4]);
        Assert.AreEqual(0, none);
        CollectionAssert.AreEqual(new float[4], noGradient);
    }

    [TestMethod]
    public void Norms_AddTheirGradient()
    {
        NetworkTensor[] tensors =
        [
            new("a", [2], 0, 2, TensorRole.Weight, 0), new("b", [1], 2, 1, TensorRole.Weight, 0),
            new("c", [2], 3, 2, TensorRole.Bias, 0),
        ];
        float[] parameters = [3, 0, 4, 0, 0];
        float[] gradient = [1, 1, 1, 1, 1];
        double sum = WeightNorms.AddGradient([[tensors[0], tensors[1]], [tensors[2]]], parameters, gradient, 0.5);
        Assert.AreEqual(2.5, sum);
        CollectionAssert.AreEqual(new[] { 1.3f, 1, 1.4f, 1, 1 }, gradient);
    }

    [TestMethod]
    public void Opinion_CountsConfidentSamples_OfEitherClass()
    {
        // Pixels: sure of foreground; sure but of different classes; one sample unsure.
        Opinion opinion = Opinion.Of([[5, 5, 5], [5, -5, 0]], 0.9);
        CollectionAssert.AreEqual(new[] { 2, 2, 1 }, opinion.Confident);
        Assert.AreEqual(0.5, opinion.Labels[1], 1e-6);
        Assert.AreEqual(5.0 / 6, opinion.Consensus, 1e-9);
        CollectionAssert.AreEqual(new[] { 1, 1, 0.5f }, opinion.Filter(ConsensusFilter.Weighting));
        CollectionAssert.AreEqual(new[] { 1f, 1, 0 }, opinion.Filter(ConsensusFilter.Masking));
        Assert.IsNull(opinion.Filter(ConsensusFilter.None));
    }

    [TestMethod]
    public void Alignment_ScalesToTheShares_AndLeavesOneClassAlone()
    {
        DistributionAlignment alignment = new(0.25);
        float[] labels = [0.8f, 0.6f, 0.4f, 0.1f];
        float[] aligned = alignment.Align(labels);
        Assert.AreEqual(0.4, aligned[0], 1e-6);
        Assert.AreEqual(0.6, aligned[2], 1e-6);
        float[] sure = [0.9f, 0.7f];
        Assert.AreSame(sure, alignment.Align(sure));
    }

    [TestMethod]
    public void Views_AreStandardised_AndDependOnTheStreamAlone()
    {
        const int Side = 32;
        float[] crops = [.. Enumerable.Range(0, 2 * Side * Side).Select(i => 40 + (i % 7) + (i / Side % 5))];
        ViewMaker maker = new(Side, true);
        float[] one = maker.Changed(crops, ViewChanges.Strong, new RandomStream(4));
        CollectionAssert.AreEqual(one, maker.Changed(crops, ViewChanges.Strong, new RandomStream(4)));
        foreach (float[] view in one.Chunk(Side * Side))
        {
            Assert.AreEqual(0, view.Average(), 1e-5);
            Assert.AreEqual(1, view.Average(v => v * v), 1e-4);
        }

        float[] flat = maker.Changed(new float[Side * Side], ViewChanges.Weak, new RandomStream(1));
        Assert.IsTrue(flat.All(float.IsFinite));

        // Not standardised, what is not changed stays as it is.
        CollectionAssert.AreEqual(crops, new ViewMaker(Side, false).Changed(crops, ViewChanges.None, new RandomStream(1)));
    }

    [TestMethod]
    public void Plane_IsTheMeanOfChannels_AndEveryLabelIsForeground()
    {
        Image image = new(2, 1, 3, [0, 2, 4, 2, 4, 6]);
        TrainingPlane plane = TrainingPlane.From(
            image, new LabelImage(1, 3, [0, 1, 7]), IntensityNormalization.None, "i");
        CollectionAssert.AreEqual(new[] { 1f, 3, 5 }, plane.Values);
        CollectionAssert.AreEqual(new[] { 0f, 1, 1 }, plane.Labels);
    }

    [TestMethod]
    [DataRow(0f, ForegroundLoss.Dice)]
    [DataRow(1f, ForegroundLoss.Dice)]
    [DataRow(0f, ForegroundLoss.Bce)]
    public void BatchOfOneClass_IsLearntFrom(float label, ForegroundLoss loss)
    {
        SelfTrainingOptions options = new() { Iterations = 3, BatchSize = 2, Crop = 16, Samples = 2, Loss = loss };
        TrainingPlane plane = Discs(1) with { Labels = [.. Enumerable.Repeat(label, 64 * 64)] };
        using Backend backend = new CpuBackend(1);
        RandomStream random = new(5);
        ProbabilisticNetwork network =
            ProbabilisticNetwork.Read(ProbabilisticUNetGraph.Build(new([8, 16], 3, 3), random.NextUniform))!;
        using ProbabilisticLearner learner = new(network, backend, options, 2);

        // The target's labels are of one class, too, or nearly: what aligns them must not divide by nothing.
        new SelfTraining(learner, options, true).Train(
            [plane], [plane], false, new(0.3), step => Assert.IsTrue(double.IsFinite(step.Loss)), CancellationToken.None);
        Assert.IsTrue(learner.Student.Parameters.Download().All(float.IsFinite));
    }

    /// <summary>Foreground of .4 at first: neither less than .2 of it nor less than .3 of ground may be found.</summary>
    [TestMethod]
    [DataRow(0.2f, false)]
    [DataRow(0.1f, true)]
    [DataRow(0.7f, false)]
    [DataRow(0.8f, true)]
    public void ClassThatLostHalf_EndsIt_AndWhatWasFoundBeforeIsPutBack(float foreground, bool ends)
    {
        using Backend backend = new CpuBackend(1);
        Network network = Network.Read(UNetGraph.Build(1, [8, 16], new RandomStream(5).NextUniform, new Dictionary<string, string>()));
        using NetworkWeights weights = new(network, backend);
        float share = 0.4f;
        CollapseGuard guard = Guard();
        Set(1);
        share = 0.3f;
        guard.Look(10);
        Assert.AreEqual((10, 0.3, false), (guard.KeptStep, Math.Round(guard.KeptForeground, 6), guard.HasEnded));

        // Interrupted here, another goes on; what the network found at first is looked at again.
        using MemoryStream state = new();
        guard.Exchange(new StateExchange(state, restores: false));
        state.Position = 0;
        share = 0.4f;
        Set(0);
        guard = Guard();
        guard.Exchange(new StateExchange(state, restores: true));
        Set(2);
        share = foreground;
        guard.Look(20);
        Assert.AreEqual(ends, guard.HasEnded);
        Assert.AreEqual(ends ? 10 : 20, guard.KeptStep);
        Assert.AreEqual(ends ? 1f : 2, weights.Parameters.Download()[0]);

        CollapseGuard Guard()
        {
            CollapseGuard made = new(weights, [[], []], _ => [.. Enumerable.Range(0, 10).Select(i => i < 10 * share - 0.5f ? 0.5f : 0.4f)], 0.5);
            made.Begin();
            return made;
        }

        void Set(float value) => weights.Upload([.. Enumerable.Repeat(value, network.ParameterCount)], network.InitialStatistics);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_Learns_AndAdaptationFollowsItsOwnLabels(bool probabilistic)
    {
        TrainingPlane[] source = [.. Enumerable.Range(1, 3).Select(i => Discs((ulong)i))];
        TrainingPlane[] targets = [.. Enumerable.Range(11, 2).Select(i => Discs((ulong)i) with { Labels = null })];
        SelfTrainingOptions options = new() { Iterations = 50, BatchSize = 2, Crop = 32, LearningRate = 3e-3, Samples = 4 };
        (WeightSnapshot trained, List<TrainingStep> steps) = Train(options, source, [], null, 2);
        (WeightSnapshot again, _) = Train(options, source, [], null, 1);
        CollectionAssert.AreEqual(trained.Parameters, again.Parameters);
        Assert.IsLessThan(0.8 * steps.Take(5).Average(s => s.Loss), steps.TakeLast(5).Average(s => s.Loss));

        // Every scheme moves the weights, and by numbers.
        SelfTrainingOptions few = options with { Iterations = 3, LearningRate = 1e-3 };
        foreach (SelfTrainingScheme scheme in Enum.GetValues<SelfTrainingScheme>())
        {
            foreach (ConsensusFilter filter in Enum.GetValues<ConsensusFilter>())
            {
                foreach (TrainingPlane[] labelled in (TrainingPlane[][])[[], source])
                {
                    (WeightSnapshot adapted, List<TrainingStep> log) =
                        Train(few with { Scheme = scheme, Filter = filter }, labelled, targets, trained, 2);
                    CollectionAssert.AreNotEqual(trained.Parameters, adapted.Parameters);
                    Assert.IsTrue(adapted.Parameters.All(float.IsFinite));
                    Assert.IsTrue(log.All(s => s.Consensus is >= 0 and <= 1));
                }
            }
        }

        (WeightSnapshot, List<TrainingStep>) Train(
            SelfTrainingOptions with, TrainingPlane[] labelled, TrainingPlane[] unlabelled, WeightSnapshot? start, int threads)
        {
            using Backend backend = new CpuBackend(threads);
            int parts = (labelled.Length > 0 ? 1 : 0) + (unlabelled.Length > 0 ? 1 : 0);
            using IForegroundLearner learner = Learner(backend, with, parts);
            if (start is not null)
            {
                learner.Student.Upload(start.Parameters, start.Statistics);
                learner.Teacher.Upload(start.Parameters, start.Statistics);
            }

            List<TrainingStep> log = [];
            new SelfTraining(learner, with, true).Train(labelled, unlabelled, false, null, log.Add, CancellationToken.None);
            return (learner.Student.Download(), log);
        }

        IForegroundLearner Learner(Backend backend, SelfTrainingOptions with, int parts)
        {
            RandomStream random = new(5);
            return probabilistic
                ? new ProbabilisticLearner(
                    ProbabilisticNetwork.Read(ProbabilisticUNetGraph.Build(new([8, 16], 3, 3), random.NextUniform))!, backend, with, parts)
                : new PlainLearner(
                    Network.Read(UNetGraph.Build(1, [8, 16], random.NextUniform, new Dictionary<string, string>())), backend, with,
                    parts);
        }
    }

    private static TrainingPlane Discs(ulong seed)
    {
        SelfAdapt.ShallowToDeep.Enhancer.SourceImage made = NoisyDiscs.Make(seed, 64);
        return new(64, 64, made.Image.Values, Array.ConvertAll(made.Object, o => o ? 1f : 0));
    }
}
