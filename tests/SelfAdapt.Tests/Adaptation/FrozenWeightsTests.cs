using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class FrozenWeightsTests
{
    // conv at full size, norm and conv at half, conv at a quarter, conv at full size again (decoder).
    private static readonly NetworkTensor[] Parameters =
    [
        new("a.weight", [2, 1], 0, 2, TensorRole.Weight, 0), new("n.scale", [2], 2, 2, TensorRole.NormScale, 1),
        new("n.bias", [2], 4, 2, TensorRole.NormBias, 1), new("b.weight", [2, 2], 6, 4, TensorRole.Weight, 1),
        new("c.weight", [2, 2], 10, 4, TensorRole.Weight, 2), new("d.weight", [1, 2], 14, 2, TensorRole.Weight, 0),
        new("d.bias", [1], 16, 1, TensorRole.Bias, 0),
    ];

    [TestMethod]
    public void Of_All_FreezesNothing() => Assert.IsEmpty(FrozenWeights.Of(Parameters, TrainedLayers.All));

    [TestMethod]
    public void Of_Norm_FreezesWhatIsNotOfANorm() => CollectionAssert.AreEqual(
        new[] { (0, 2), (6, 11) }, FrozenWeights.Of(Parameters, TrainedLayers.Norm).ToArray());

    [TestMethod]
    public void Of_Shallow_FreezesFromTheQuarterOn_AlsoTheDecodersFullSize() => CollectionAssert.AreEqual(
        new[] { (10, 7) }, FrozenWeights.Of(Parameters, TrainedLayers.Shallow).ToArray());
}
