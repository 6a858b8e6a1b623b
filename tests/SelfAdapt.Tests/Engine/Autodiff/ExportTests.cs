using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Tests.Engine.Autodiff;

/// <summary>From the network's weights back into the file they came from.</summary>
[TestClass]
internal sealed class ExportTests
{
    [TestMethod]
    [DataRow(RealModels.Dynamic)]
    [DataRow(RealModels.SingleOutput)]
    [DataRow(RealModels.Static)]
    [DataRow(RealModels.UNet)]
    public void WithWeights_UnchangedWeights_GivesTheSameFile(string name)
    {
        OnnxModel model = RealModels.Load(name);
        Network network = Network.Read(model);
        using CpuBackend backend = new(1);
        using NetworkWeights weights = new(network, backend);

        byte[] exported = model.WithWeights(weights.Download().ByName(network)).Bytes;

        Assert.IsTrue(model.Bytes.AsSpan().SequenceEqual(exported));
    }

    [TestMethod]
    public void WithWeights_EveryWeightMoved_ComesBackOnImport()
    {
        OnnxModel model = RealModels.Load(RealModels.Dynamic);
        Network network = Network.Read(model);
        WeightSnapshot moved = new(
            [.. network.InitialParameters.Select((v, i) => v + (0.001f * (i % 7)))],
            [.. network.InitialStatistics.Select((v, i) => v + (0.001f * (i % 5)))]);

        OnnxModel after = model.WithWeights(moved.ByName(network));

        Network again = Network.Read(after);
        CollectionAssert.AreEqual(moved.Parameters, again.InitialParameters);
        CollectionAssert.AreEqual(moved.Statistics, again.InitialStatistics);
    }
}
