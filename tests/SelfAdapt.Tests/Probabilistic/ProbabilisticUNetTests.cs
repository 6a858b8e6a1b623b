using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Probabilistic.Learning;
using SelfAdapt.Probabilistic.Networks;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests.Probabilistic;

/// <summary>
/// The network against torch 1.13 in double, whose first combining layer takes maps and latent joined: the same weights (a closed
/// form of their names), image, mask and noise.
/// </summary>
[TestClass]
internal sealed class ProbabilisticUNetTests
{
    private const int Batch = 2;
    private const int Side = 16;
    private const int Latent = 2;

    private static readonly OnnxModel Model = Filled(ProbabilisticUNetGraph.Build(new([4, 6], Latent, 3), () => 0.5));

    private static readonly LearningPart Part = new(
        [.. Enumerable.Range(0, Batch * Side * Side).Select(i => i * 37 % 101 / 100f)],
        [.. Enumerable.Range(0, Batch * Side * Side).Select(i => i / 5 % 3 == 0 ? 1f : 0)], null);

    private static readonly float[] Noise =
        [.. Enumerable.Range(0, Batch * Latent).Select(i => (float)(0.5 * Math.Cos((2 * (i / Latent)) + (i % Latent))))];

    private static readonly SelfTrainingOptions Options = new() { BatchSize = Batch, Crop = Side, Samples = 3 };

    [TestMethod]
    [DataRow("reference")]
    [DataRow("cpu")]
    [DataRow("gpu in the simulator")]
    public void ForwardAndGradient_AreTorchs(string name)
    {
        using Backend backend = name switch
        {
            "reference" => new ReferenceBackend(),
            "cpu" => new CpuBackend(2),
            _ => new GpuBackend(new SimulatedDevice()),
        };
        ProbabilisticNetwork network = ProbabilisticNetwork.Read(Model)!;
        using NetworkWeights weights = new(network.Training, backend);
        using TrainableGraph graph = new(network.Training, weights, backend, Batch, Side, Side, GraphMode.Inference);
        graph.Input.Upload(Stack(Part, Noise));
        graph.Forward();
        float[] logits = graph.Output.Download();
        foreach ((int at, float value) in (ReadOnlySpan<(int, float)>)
            [(0, -0.381939f), (33, -0.3692828f), (200, -0.4269065f), (256, -0.30797f), (400, -0.3166336f), (511, -0.3099204f)])
        {
            Assert.AreEqual(value, logits[at], 1e-5, $"logit {at}");
        }

        float[] latents = graph.Embedding.Download();
        float[] expected =
        [
            0.129949f, 0.107406f, 0.0277736f, 0.1488347f, -0.0174016f, -0.0592044f, 0.0115064f, -0.0508886f,
            0.1298866f, 0.1075481f, 0.0276308f, 0.1488958f, -0.0169967f, -0.0581063f, 0.0111035f, -0.0498332f,
        ];
        foreach ((float e, float a) in expected.Zip(latents))
        {
            Assert.AreEqual(e, a, 1e-5);
        }

        using ProbabilisticLearner learner = new(network, backend, Options, 1);
        Assert.AreEqual(0.508793531787, learner.Gradient([Part], Noise), 1e-5);
        float[] gradient = [.. learner.Gradients];
        Assert.AreEqual(0.877328230, Length(gradient), 1e-4);
        Check("body.down.0.0.weight", 0.000144534184, 0.00278678992);
        Check("body.up.0.2.bias", 0.00432279207, 0.0481598676);
        Check("prior.mean.bias", 0.139186611, 0.185986044);
        Check("prior.down.1.0.weight", 3.01986e-07, 0.0111590105);
        Check("posterior.down.0.0.weight", 0.000503646956, 0.00821330597);
        Check("posterior.log_deviation.bias", -0.0266724294, 0.315872894);
        Check("combine.0.latent.weight", -2.22997e-06, 0.0241845073);
        Check("combine.2.bias", -0.105733800, 0.105733800);

        void Check(string tensor, double first, double length)
        {
            NetworkTensor t = network.Training.Parameters.Single(p => p.Name == tensor);
            float[] own = gradient.AsSpan(t.Offset, t.Length).ToArray();
            Assert.AreEqual(first, own[0], 2e-6, tensor);
            Assert.AreEqual(length, Length(own), 1e-5, tensor);
        }
    }

    [TestMethod]
    public void Steps_AreTorchsAdam()
    {
        using Backend backend = new CpuBackend(2);
        ProbabilisticNetwork network = ProbabilisticNetwork.Read(Model)!;
        using ProbabilisticLearner learner = new(network, backend, Options, 1);
        Assert.AreEqual(0.508793532, learner.Learn([Part], 0.01, 1, Noise), 1e-5);
        Assert.AreEqual(0.459986756, learner.Learn([Part], 0.01, 1, Noise), 2e-4);
        Assert.AreEqual(0.446727570, learner.Gradient([Part], Noise), 1e-3);
    }

    [TestMethod]
    public void TwoParts_AreTheMeanOfBoth()
    {
        using Backend backend = new ReferenceBackend();
        ProbabilisticNetwork network = ProbabilisticNetwork.Read(Model)!;
        LearningPart other = Part with { Labels = [.. Part.Labels.Select(l => 1 - l)] };
        using ProbabilisticLearner one = new(network, backend, Options, 1);
        using ProbabilisticLearner both = new(network, backend, Options, 2);
        double first = one.Gradient([Part], Noise);
        float[] firstGradient = [.. one.Gradients];
        double second = one.Gradient([other], Noise);
        Assert.AreEqual((first + second) / 2, both.Gradient([Part, other], [.. Noise, .. Noise]), 1e-6);
        double worst = both.Gradients.Select((g, i) => Math.Abs(g - ((firstGradient[i] + one.Gradients[i]) / 2))).Max();
        Assert.IsLessThan(1e-6, worst);
    }

    [TestMethod]
    public void Paper_HasItsNumbersOfParameters()
    {
        IReadOnlyList<NetworkTensor> tensors =
            Network.Read(ProbabilisticUNetGraph.Build(new([64, 128, 256, 512], 6, 3), () => 0.5)).Parameters;
        int Count(string prefix) => tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)).Sum(t => t.Length);
        Assert.AreEqual(11_690_688, Count("body."));
        Assert.AreEqual(7_824_780, Count("prior."));
        Assert.AreEqual(7_825_356, Count("posterior."));
        Assert.AreEqual(8_769, Count("combine."));
        Assert.AreEqual(27_349_593, Count(""));
    }

    [TestMethod]
    public void Weights_BeginAsTheMethodHasThem()
    {
        ulong counter = 0;
        Network network = Network.Read(
            ProbabilisticUNetGraph.Build(new([16, 32], 4, 3), () => CounterRandom.Uniform(3, counter++)));
        float[] He = Values("body.down.1.1.weight");
        Assert.AreEqual(Math.Sqrt(2.0 / (32 * 9)), Math.Sqrt(He.Average(v => (double)v * v)), 0.002);
        Assert.IsTrue(Values("prior.down.0.0.bias").All(b => Math.Abs(b) <= 0.002f));

        // Means and deviations are halves of one orthogonal matrix, as maps and latent are.
        float[] ends = [.. Values("prior.mean.weight"), .. Values("prior.log_deviation.weight")];
        Orthonormal([.. ends.Chunk(32)]);
        float[][] maps = [.. Values("combine.0.maps.weight").Chunk(16)];
        float[][] latent = [.. Values("combine.0.latent.weight").Chunk(4)];
        Orthonormal([.. maps.Zip(latent, (m, l) => (float[])[.. m, .. l])]);

        float[] Values(string name)
        {
            NetworkTensor tensor = network.Parameters.Single(p => p.Name == name);
            return network.InitialParameters.AsSpan(tensor.Offset, tensor.Length).ToArray();
        }

        static void Orthonormal(float[][] rows)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                for (int j = 0; j <= i; j++)
                {
                    Assert.AreEqual(i == j ? 1 : 0, rows[i].Zip(rows[j], (a, b) => (double)a * b).Sum(), 1e-5);
                }
            }
        }
    }

    [TestMethod]
    public void Samples_AreThoseOfTheExportedNetworks()
    {
        using Backend backend = new CpuBackend(2);
        ProbabilisticNetwork network = ProbabilisticNetwork.Read(Model)!;
        using NetworkWeights weights = new(network.Training, backend);
        using LatentSampler sampler = new(network, weights, backend, Batch, Side, Side);
        float[] prior = sampler.Look(Part.Images);
        Assert.AreEqual(0.129949, prior[0], 1e-5);
        Assert.AreEqual(0.1488347, prior[3], 1e-5);
        float[] sample = sampler.Sample(Noise);

        // The plain one ends in the mean probability, and is taken for one.
        using SampledNetwork sampled = new(network, weights, backend, 3, 0.9);
        float[] mean = new float[Batch * 2 * Side * Side];
        sampled.Run(Part.Images, Batch, Side, Side, mean, []);
        OnnxModel plain = ProbabilisticUNetGraph.OfSamples(Model, SampleNoise.Fixed(3, Latent));
        Assert.AreEqual(OutputKind.Probability, OrtProbe.Read(plain, null).Description.Parts.Single().Kind);
        using OrtSession ort = new(plain.Bytes, new OrtOptions(Threads: 2));
        float[] probability = ort.Run(Part.Images, [Batch, 1, Side, Side], "output")[0];
        for (int i = 0; i < probability.Length; i++)
        {
            int at = (i / (Side * Side) * 2 * Side * Side) + (i % (Side * Side));
            Assert.AreEqual(probability[i], 1 / (1 + Math.Exp(-mean[at])), 1e-5);
        }

        // With the noise as an input, by ONNX Runtime itself: the engine's session takes one input only.
        using InferenceSession session = new(ProbabilisticUNetGraph.OfNoise(Model).Bytes);
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(
        [
            NamedOnnxValue.CreateFromTensor("input", new DenseTensor<float>(Part.Images, [Batch, 1, Side, Side])),
            NamedOnnxValue.CreateFromTensor("noise", new DenseTensor<float>(Noise, [Batch, Latent, 1, 1])),
        ]);
        float[] exported = [.. outputs.Single().AsTensor<float>()];
        Assert.IsLessThan(1e-5, exported.Zip(sample, (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    public void File_GoesThroughTraining_AndDamageIsRefused()
    {
        ProbabilisticNetwork network = ProbabilisticNetwork.Read(Model)!;
        CollectionAssert.AreEqual(new[] { 4, 6 }, network.Shape.Widths.ToArray());
        Assert.IsNull(ProbabilisticNetwork.Read(SelfAdapt.Tests.Engine.Autodiff.SmallNetworks.UNet()));
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(
            () => ProbabilisticNetwork.Read(ProbabilisticUNetGraph.OfSamples(Model, SampleNoise.Fixed(2, Latent))));
        Assert.AreEqual(ErrorKind.ModelUnsupported, e.Kind);
        e = Assert.ThrowsExactly<SelfAdaptException>(
            () => ProbabilisticNetwork.Read(ProbabilisticUNetGraph.Build(new([4], Latent, 3), () => 0.5)));
        StringAssert.Contains(e.Message, "sizes are none");
    }

    /// <summary>Image, mask, and the noise all over a channel each.</summary>
    private static float[] Stack(LearningPart part, float[] noise)
    {
        const int Plane = Side * Side;
        return
        [
            .. Enumerable.Range(0, Batch).SelectMany(n => part.Images.Skip(n * Plane).Take(Plane)
                .Concat(part.Labels.Skip(n * Plane).Take(Plane))
                .Concat(Enumerable.Range(0, Latent).SelectMany(k => Enumerable.Repeat(noise[(n * Latent) + k], Plane)))),
        ];
    }

    private static OnnxModel Filled(OnnxModel model)
    {
        Dictionary<string, float[]> values = [];
        foreach (NetworkTensor tensor in Network.Read(model).Parameters)
        {
            int phase = tensor.Name.Sum(c => c) % 97;
            double size = tensor.Shape.Count > 1 ? Math.Sqrt(3.0 * tensor.Shape[0] / tensor.Length) : 0.1;
            values[tensor.Name] =
                [.. Enumerable.Range(0, tensor.Length).Select(i => (float)(size * Math.Sin((1.3 * i) + phase)))];
        }

        return model.WithWeights(values);
    }

    private static double Length(float[] values) => Math.Sqrt(values.Sum(v => (double)v * v));
}
