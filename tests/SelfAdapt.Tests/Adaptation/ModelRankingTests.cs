using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>What the score of a model is made of, and how sure an order is.</summary>
[TestClass]
internal sealed class ModelRankingTests
{
    [TestMethod]
    public void Score_IsTheProductOfItsParts()
    {
        // 60 cells of error .1; 3 of 4 pixels in cells; medians of three images.
        ImageOpinion[] images = [Opinion(20, 0.9), Opinion(30, 0.5), Opinion(10, 0.6)];
        Assert.AreEqual(0.6 * 0.75 * 0.8 * (60 / 80.0), new ModelOpinion(images).Score, 1e-12);
        Assert.AreEqual(60, new ModelOpinion(images).Cells);
    }

    [TestMethod]
    public void Score_WithoutCells_IsZero()
    {
        ModelOpinion none = new([new ImageOpinion(default, 0, 0), new ImageOpinion(default, 0, 0)]);
        Assert.AreEqual(0, none.Score);
        Assert.AreEqual(0, none.Diameter);
    }

    [TestMethod]
    public void Diameter_ImagesWithoutCells_DoNotCount()
    {
        ModelOpinion opinion = new(
            [Opinion(5, 1) with { Diameter = 10 }, new ImageOpinion(default, 0, 0), Opinion(5, 1) with { Diameter = 14 }]);
        Assert.AreEqual(12, opinion.Diameter);
    }

    [TestMethod]
    public void FirstShares_OneBetterOnEveryImage_IsAlwaysFirst()
    {
        double[] shares = ModelRanking.FirstShares(
            [Model(0.5, 0.6, 0.7), Model(0.8, 0.9, 0.85), Model(0.1, 0.2, 0.3)]);
        CollectionAssert.AreEqual((double[])[0, 1, 0], shares.Select(s => Math.Round(s, 9)).ToArray());
    }

    [TestMethod]
    public void FirstShares_SameModelTwice_IsATie()
    {
        ModelOpinion model = Model(0.5, 0.6, 0.7);
        double[] shares = ModelRanking.FirstShares([model, model]);
        Assert.AreEqual(0.5, shares[0], 1e-9);
        Assert.AreEqual(0.5, shares[1], 1e-9);
    }

    [TestMethod]
    public void FirstShares_EachBetterOnSomeImages_AreShared()
    {
        ModelOpinion[] models = [Model(0.9, 0.9, 0.2, 0.2), Model(0.3, 0.3, 0.8, 0.8)];
        double[] shares = ModelRanking.FirstShares(models);
        Assert.IsTrue(shares.All(s => s > ModelRanking.Rivalry));
        Assert.AreEqual(1, shares.Sum(), 1e-9);
        CollectionAssert.AreEqual(shares, ModelRanking.FirstShares(models));
    }

    [TestMethod]
    public void Ask_TrainedAndRandomNetwork_TrainedIsFirst()
    {
        NamedImage[] images = [.. Enumerable.Range(0, 2).Select(i => new NamedImage(
            $"i{i}", $"i{i}.tif", MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Diameter = 17, Height = 128, Width = 128, Nuclei = 20 }, (ulong)i).Image))];
        Network trained = Network.Read(
            OnnxModel.Load(Path.Combine(RepositoryFolder.Root, "models", "nuclei_small.onnx")));
        ModelOpinion good = Ask(trained, images);
        Assert.IsGreaterThan(0.3, good.Score);
        Assert.AreEqual(17, good.Diameter, 4);
        Assert.IsGreaterThan(Ask(Network.Read(SmallNetworks.Cellpose(8, 16, 32, 64)), images).Score, good.Score);
        Assert.AreEqual(good.Score, Ask(trained, images, threads: 1).Score, "whatever the number of threads");
    }

    [TestMethod]
    public void Ask_NetworkWithoutFlows_IsRefused()
    {
        using CpuBackend backend = new(1);
        using DropoutNetwork network = new(Network.Read(SmallNetworks.UNet()), backend);
        Assert.AreEqual(
            ErrorKind.ModelUnsupported,
            Assert.ThrowsExactly<SelfAdaptException>(
                () => ModelRanking.Ask(network, new SegmentationOptions(), [], CancellationToken.None)).Kind);
    }

    private static ModelOpinion Ask(Network network, NamedImage[] images, int threads = 3)
    {
        using CpuBackend backend = new(threads);
        using DropoutNetwork dropping = new(network, backend);
        return ModelRanking.Ask(
            dropping, new SegmentationOptions { Diameter = 17, DiamMean = 17 }, images, CancellationToken.None);
    }

    private static ImageOpinion Opinion(int cells, double steady) =>
        new(new FlowFit(4 * cells, 3 * cells, cells, 0.1 * cells), steady, 10);

    private static ModelOpinion Model(params double[] steady) => new([.. steady.Select(s => Opinion(20, s))]);
}
