using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class SizeFinderTests : IDisposable
{
    private const double TrainedAt = 17;

    private readonly CpuBackend _backend = new();
    private readonly NetworkWeights _weights;
    private readonly EngineNetwork _network;

    public SizeFinderTests()
    {
        Network network = Network.Read(OnnxModel.Load(Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx")));
        _weights = new NetworkWeights(network, _backend);
        _network = new EngineNetwork(_weights, _backend);
    }

    public void Dispose()
    {
        _network.Dispose();
        _weights.Dispose();
        _backend.Dispose();
    }

    [TestMethod]
    [DataRow(9.0)]
    [DataRow(17.0)]
    [DataRow(40.0)]
    public void Find_NucleiOfASize_FindsIt(double diameter)
    {
        // Simulate's diameter is that of the ellipses' mean: what counts is what the masks measure.
        int side = (int)(12 * diameter);
        Micrograph[] micrographs = [.. Enumerable.Range(0, 3).Select(i => MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Diameter = diameter, Height = side, Width = side, Nuclei = 30 }, (ulong)i))];
        double truth = SelfAdapt.Segmentation.Masks.CellGeometry.MedianDiameter(micrographs.Select(m => m.Labels));

        ObjectSize? size = Find([.. micrographs.Select((m, i) => new NamedImage($"{i}", $"{i}", m.Image))]);

        Assert.IsNotNull(size);
        Assert.AreEqual(1, size.Diameter / truth, 0.2, $"{size.Diameter} instead of {truth}");
        Assert.IsNull(size.Doubt);
    }

    [TestMethod]
    public void WithNoise_ConstantChannel_StaysAsItIs()
    {
        Image flat = new(1, 4, 4, [.. Enumerable.Repeat(3f, 16)]);
        CollectionAssert.AreEqual(flat.Pixels, SizeFinder.WithNoise(flat, 0).Pixels);
    }

    [TestMethod]
    public void WithNoise_HasHalfTheChannelsDeviation_AndIsItsOwn()
    {
        Image image = new(1, 200, 200, [.. Enumerable.Range(0, 40_000).Select(i => i % 2 == 0 ? 0f : 2f)]);
        Image noisy = SizeFinder.WithNoise(image, 1);
        double[] noise = [.. noisy.Pixels.Select((v, i) => (double)v - image.Pixels[i])];
        Assert.AreEqual(0, noise.Average(), 0.01);
        Assert.AreEqual(0.5, Math.Sqrt(noise.Average(v => v * v)), 0.01);
        CollectionAssert.AreNotEqual(noisy.Pixels, SizeFinder.WithNoise(image, 2).Pixels);
        CollectionAssert.AreEqual(noisy.Pixels, SizeFinder.WithNoise(image, 1).Pixels);
    }

    [TestMethod]
    public void Find_NothingToSee_FindsNoneOrDoubts()
    {
        float[] noise = [.. Enumerable.Range(0, 256 * 256).Select(i => (float)CounterRandom.Normal(7, (ulong)i))];
        ObjectSize? size = Find([new NamedImage("noise", "noise", new Image(1, 256, 256, noise))]);
        Assert.IsTrue(size is null or { Doubt: not null }, string.Join("\n", size?.Trials.Select(t => $"{t.Diameter} {t.Score}") ?? []));
    }

    private ObjectSize? Find(NamedImage[] images) => new SizeFinder(
        _network, new SegmentationOptions { DiamMean = TrainedAt }).Find(images, CancellationToken.None);
}
