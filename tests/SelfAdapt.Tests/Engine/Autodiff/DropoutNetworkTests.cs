using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Engine.Reference;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Tests.Gpu;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>Where a network's bottleneck is, and what dropping its channels does.</summary>
[TestClass]
internal sealed class DropoutNetworkTests
{
    private const int Size = 32;
    private const int Widest = 64;

    [TestMethod]
    public void Find_Cellpose_IsWhatTheStyleIsMadeOf()
    {
        Network network = Network.Read(SmallNetworks.Cellpose(4, 8, 12, 16));
        Assert.AreEqual(network.Nodes.OfType<GlobalAveragePoolNode>().Single().Inputs[0], Bottleneck.Find(network));
    }

    [TestMethod]
    public void Find_UNet_IsWhatGoesUpAgain()
    {
        Network network = Network.Read(SmallNetworks.UNet());
        Assert.AreEqual(network.Nodes.OfType<UpsampleNode>().Single().Inputs[0], Bottleneck.Find(network));
    }

    [TestMethod]
    public void Find_WithoutHalvings_IsNone()
    {
        ModelSketch s = new(1, 2, 1);
        s.Conv(s.Relu(s.Conv("x", 2, 4, 3)), 4, 1, 1, "y");
        Network network = Network.Read(s.Model());
        Assert.IsNull(Bottleneck.Find(network));
        using CpuBackend backend = new(1);
        Assert.AreEqual(
            ErrorKind.ModelUnsupported,
            Assert.ThrowsExactly<SelfAdaptException>(() => new DropoutNetwork(network, backend)).Kind);
    }

    [TestMethod]
    public void Find_TwoWaysDownAndUp_IsNone()
    {
        ModelSketch s = new(1, 2, 1);
        string one = s.ResizeNearest(s.Conv(s.MaxPool(s.Conv("x", 2, 4, 3)), 4, 4, 3));
        string other = s.ResizeNearest(s.Conv(s.MaxPool(s.Conv("x", 2, 4, 3)), 4, 4, 3));
        s.Conv(s.Node("Add", [one, other]), 4, 1, 1, "y");
        Assert.IsNull(Bottleneck.Find(Network.Read(s.Model())));
    }

    [TestMethod]
    [DataRow("cpu")]
    [DataRow("reference")]
    [DataRow("gpu")]
    public void Drop_RateZero_IsThePlainNetworkBitForBit(string kind)
    {
        foreach (Network network in Networks())
        {
            using Backend backend = Open(kind);
            using EngineNetwork plain = new(network, null, backend);
            using DropoutNetwork dropping = new(network, backend);
            CollectionAssert.AreEqual(Run(plain), Run(dropping));
            dropping.Drop(0.5, 1);
            CollectionAssert.AreNotEqual(Run(plain), Run(dropping));
            dropping.Drop(0, 1);
            CollectionAssert.AreEqual(Run(plain), Run(dropping));
        }
    }

    [TestMethod]
    [DataRow("cpu")]
    [DataRow("gpu")]
    public void Drop_Backend_AgreesWithTheReference(string kind)
    {
        foreach (Network network in Networks())
        {
            float[] expected = Dropped(network, new ReferenceBackend());
            float[] actual = Dropped(network, Open(kind));
            float largest = expected.Max(Math.Abs);
            Assert.IsLessThan(1e-4, expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max() / largest);
        }
    }

    [TestMethod]
    public void Drop_SameSeed_SameBitsOnAnyNumberOfThreads()
    {
        foreach (Network network in Networks())
        {
            float[] first = Dropped(network, new CpuBackend(1));
            CollectionAssert.AreEqual(first, Dropped(network, new CpuBackend(1)));
            CollectionAssert.AreEqual(first, Dropped(network, new CpuBackend(3)));
            CollectionAssert.AreNotEqual(first, Dropped(network, new CpuBackend(1), seed: 8));
        }
    }

    /// <summary>A factor behind ReLU is one of the convolution in front of it.</summary>
    [TestMethod]
    public void Drop_UNet_IsTheNetworkWithoutTheFiltersThatMakeThoseChannels()
    {
        const double Rate = 0.4;
        const ulong Seed = 11;
        ModelSketch s = new(1, 2, 1);
        string top = s.Relu(s.Conv("x", 2, 6, 3));
        string joined = s.Concat(s.ResizeLinear(s.Relu(s.Conv(s.MaxPool(top), 6, Widest, 3))), top);
        s.Conv(joined, Widest + 6, 1, 1, "y");
        Network network = Network.Read(s.Model());
        using CpuBackend backend = new(1);
        using DropoutNetwork dropping = new(network, backend);
        dropping.Drop(Rate, Seed);
        float[] actual = Run(dropping);

        ConvolutionNode maker = network.Nodes.OfType<ConvolutionNode>().Single(c => c.OutputChannels == Widest);
        float[] weights = [.. network.InitialParameters];
        int dropped = 0;
        for (int c = 0; c < Widest; c++)
        {
            bool isDropped = CounterRandom.Uniform(Seed, (ulong)c) < Rate;
            dropped += isDropped ? 1 : 0;
            float factor = isDropped ? 0 : (float)(1 / (1 - Rate));
            int filter = maker.Weight.Length / Widest;
            for (int i = 0; i < filter; i++)
            {
                weights[maker.Weight.Offset + (c * filter) + i] *= factor;
            }

            weights[maker.Bias!.Offset + c] *= factor;
        }

        Assert.IsTrue(dropped is > 0 and < Widest);
        using EngineNetwork without = new(network, new WeightSnapshot(weights, network.InitialStatistics), backend);
        float[] expected = Run(without);
        Assert.IsLessThan(1e-5, expected.Zip(actual, (e, a) => Math.Abs(e - a)).Max() / expected.Max(Math.Abs));
    }

    [TestMethod]
    [DataRow(0.05)]
    [DataRow(0.3)]
    [DataRow(0.5)]
    public void Drop_ManySeeds_LosesThatShareOfTheChannels(double rate)
    {
        // The bottleneck's one pixel is the image's maxima; each channel goes to an output of its own.
        ModelSketch s = new(2, 1, Widest);
        string deep = s.Relu(s.Conv(s.MaxPool(s.Conv("x", 1, Widest, 1)), Widest, Widest, 1));
        s.Named("Identity", "last", [s.ResizeNearest(deep)], "y");
        Network network = Network.Read(
            s.Model(), new OutputDescription([.. Enumerable.Range(0, Widest).Select(
                i => new OutputPart(OutputKind.Logit, i, $"c{i}"))]));
        using CpuBackend backend = new(1);
        using DropoutNetwork dropping = new(network, backend);
        float[] whole = Run(dropping);
        (int lost, int alive) = (0, 0);
        for (ulong seed = 0; seed < 40; seed++)
        {
            dropping.Drop(rate, seed);
            float[] output = Run(dropping);
            for (int c = 0; c < Widest; c++)
            {
                float[] before = Channel(whole, c);
                if (before.All(v => v == 0))
                {
                    continue;
                }

                float[] after = Channel(output, c);
                bool isLost = after.All(v => v == 0);
                (lost, alive) = isLost ? (lost + 1, alive) : (lost, alive + 1);
                Assert.IsTrue(isLost || before.Zip(after, (b, a) => Math.Abs((b / (1 - rate)) - a)).Max() < 1e-5);
            }
        }

        Assert.AreEqual(rate, lost / (double)(lost + alive), 0.04);
    }

    private static Network[] Networks() =>
    [
        Network.Read(SmallNetworks.Cellpose(4, 8, 12, 16)), Network.Read(SmallNetworks.UNet()),
        Network.Read(SmallNetworks.Tangle()),
    ];

    private static Backend Open(string kind) => kind switch
    {
        "cpu" => new CpuBackend(2),
        "gpu" => new GpuBackend(new SimulatedDevice()),
        _ => new ReferenceBackend(),
    };

    private static float[] Channel(float[] output, int channel) =>
        output.AsSpan(channel * Size * Size, Size * Size).ToArray();

    private static float[] Dropped(Network network, Backend backend, ulong seed = 7)
    {
        using (backend)
        {
            using DropoutNetwork dropping = new(network, backend);
            dropping.Drop(0.4, seed);
            return Run(dropping);
        }
    }

    private static float[] Run(ISegmentationNetwork network)
    {
        float[] output = new float[network.Outputs.Channels * Size * Size];
        network.Run(
            OperationCase.Noise(network.InputChannels * Size * Size, 3), 1, Size, Size, output,
            new float[network.EmbeddingLength]);
        return output;
    }
}
