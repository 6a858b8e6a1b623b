using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Preparation;
using SelfAdapt.Tests.Segmentation;

namespace SelfAdapt.Tests.Adaptation.Supervised;

[TestClass]
internal sealed class TrainingSetTests
{
    private static readonly TrainingSetOptions AnyCount = new() { MinTrainMasks = 1 };

    [TestMethod]
    public void Create_TwoCells_TargetsMatchCellpose()
    {
        LabelImage masks = GoldenFile.Rectangles(
            12, 16, (7, 2, 8, 2, 4), (7, 6, 8, 5, 10), (3, 2, 5, 5, 10));
        TrainingSample sample = Create(AnyCount, masks).Samples.Single();
        CollectionAssert.AreEqual(Array.ConvertAll(masks.Labels, l => l > 0 ? 1f : 0f), sample.Cell);
        Assert.AreEqual(0.4912165f, sample.Flow.Plane(0)[(6 * 16) + 7], 1e-6f);
        Assert.AreEqual(-0.8710375f, sample.Flow.Plane(1)[(6 * 16) + 7], 1e-6f);
    }

    [TestMethod]
    public void Create_SmallCells_DiameterIsAtLeastFive()
    {
        LabelImage small = GoldenFile.Rectangles(12, 16, (1, 0, 1, 0, 1));
        LabelImage large = GoldenFile.Rectangles(12, 16, (1, 0, 9, 0, 9));
        TrainingSet set = Create(AnyCount, small, large);
        Assert.AreEqual(5.0, set.Samples[0].Diameter);
        Assert.AreEqual(20 / Math.Sqrt(Math.PI), set.Samples[1].Diameter, 1e-12);
        Assert.AreEqual((5 + (20 / Math.Sqrt(Math.PI))) / 2, set.MeanDiameter, 1e-12);
    }

    [TestMethod]
    public void Create_FewCells_LeavesTheImageOut()
    {
        LabelImage one = GoldenFile.Rectangles(12, 16, (4, 0, 1, 0, 1));
        LabelImage two = GoldenFile.Rectangles(12, 16, (1, 0, 1, 0, 1), (2, 5, 6, 5, 6));
        TrainingSet set = Create(AnyCount with { MinTrainMasks = 2 }, one, two);
        Assert.AreEqual("image 1", set.Samples.Single().Name);
        Assert.AreEqual("image 0", set.LeftOut.Single());
    }

    [TestMethod]
    public void Create_NoImageHasEnoughCells_IsAnInputError()
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => Create(new TrainingSetOptions(), GoldenFile.Rectangles(12, 16, (4, 0, 1, 0, 1))));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, "at least 5 cells", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Create_MasksOfOtherSize_NamesTheImage()
    {
        LabelledImage pair = new(
            ImagePreparation.Blank(1, 12, 17), GoldenFile.Rectangles(12, 16, (1, 0, 1, 0, 1)), "odd.png");
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => TrainingSet.Create([pair], AnyCount, 2));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, "odd.png", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Create_CropSizeNotOf16_IsAUsageError()
    {
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => Create(AnyCount with { CropSize = 100 }, GoldenFile.Rectangles(12, 16, (1, 0, 1, 0, 1))));
        Assert.AreEqual(ErrorKind.InvalidOption, error.Kind);
    }

    private static TrainingSet Create(TrainingSetOptions options, params LabelImage[] masks) =>
        TrainingSet.Create(
            masks.Select((m, i) => new LabelledImage(
                ImagePreparation.Blank(1, m.Height, m.Width), m, $"image {i}")),
            options, 2);
}
