using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Files;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tests.Adaptation.Supervised;

[TestClass]
internal sealed class TrainingSamplerTests
{
    private const int Crop = 32;

    private static readonly TrainingSetOptions Options = new()
    {
        Channels = new(1, 2),
        Normalization = IntensityNormalization.None,
        DiamMean = 12,
        CropSize = Crop,
        BatchSize = 2,
    };

    [TestMethod]
    public void NextBatch_EpochSix_MatchesNumPyAndOpenCv()
    {
        // Made with numpy.random (seed 6) and cv2.warpAffine after docs/cellpose.md 5.3: the second image
        // comes first and mirrored, then the first one as it is.
        TrainingSampler sampler = new(TwoImages());
        TrainingBatch batch = sampler.CreateBatch();
        sampler.BeginEpoch(6);
        Assert.IsTrue(sampler.NextBatch(batch));
        Assert.AreEqual(2, batch.Count);
        AssertCrop(batch, 0, [18.46875f, 16.05371f, 13.46875f, 17.20996f, 19.21875f], 286, 15015.8154296875,
            15046.9736328125);
        AssertCrop(batch, 1, [14.631836f, 10.28125f, 21.867188f, 20.1875f, 17.53125f], 172, 15433.705078125,
            15395.73046875);
        Assert.IsFalse(sampler.NextBatch(batch));
        Assert.AreEqual(0, batch.Count);
    }

    [TestMethod]
    public void NextBatch_FlowOfAnyCrop_PointsToTheCentreOfItsCell()
    {
        // Flow turned wrongly (mirror, sign, angle) would not agree with the flow computed from the turned
        // mask.
        LabelImage masks = new(90, 90, new int[90 * 90]);
        for (int y = 20; y < 70; y++)
        {
            masks.Labels.AsSpan((y * 90) + 30, 34).Fill(1);
        }

        TrainingSetOptions options = Options with { MinTrainMasks = 1, Rescale = false, CropSize = 160 };
        TrainingSet set = TrainingSet.Create(
            [new(ImagePreparation.Blank(2, 90, 90), masks, "one cell")], options, 2);
        TrainingSampler sampler = new(set);
        TrainingBatch batch = sampler.CreateBatch();
        for (int epoch = 0; epoch < 12; epoch++)
        {
            sampler.BeginEpoch(epoch);
            sampler.NextBatch(batch);
            int[] labels = Array.ConvertAll(batch.Cell[..(160 * 160)], v => v > 0.5f ? 1 : 0);
            LabelImage turned = new(160, 160, labels);
            Image expected = MaskFlows.FromMasks(turned);
            int cells = turned.Labels.Sum();
            double agreement = 0;
            for (int i = 0; i < 160 * 160; i++)
            {
                agreement += expected.Plane(0)[i] * batch.Flow[i];
                agreement += expected.Plane(1)[i] * batch.Flow[(160 * 160) + i];
            }

            Assert.IsGreaterThan(0.93, agreement / cells, $"epoch {epoch}");
        }
    }

    [TestMethod]
    public void NextBatch_OddNumberOfImages_LastBatchIsSmallerAndEveryImageComesOnce()
    {
        TrainingSet set = ManyImages(5);
        TrainingSampler sampler = new(set);
        TrainingBatch batch = sampler.CreateBatch();
        sampler.BeginEpoch(1);
        List<int> counts = [];
        HashSet<float> seen = [];
        while (sampler.NextBatch(batch))
        {
            counts.Add(batch.Count);
            for (int i = 0; i < batch.Count; i++)
            {
                // Each picture is constant, so its crop's centre tells which one it is.
                seen.Add(batch.Input[(i * 2 * Crop * Crop) + (Crop / 2 * Crop) + (Crop / 2)]);
            }
        }

        CollectionAssert.AreEqual(new[] { 2, 2, 1 }, counts);
        Assert.HasCount(5, seen);
    }

    [TestMethod]
    public void BeginEvaluation_Twice_GivesTheSameBatchesInOrder()
    {
        TrainingSampler sampler = new(ManyImages(3));
        TrainingBatch first = sampler.CreateBatch();
        TrainingBatch second = sampler.CreateBatch();
        sampler.BeginEvaluation();
        sampler.NextBatch(first);
        sampler.BeginEpoch(9);
        sampler.NextBatch(second);
        sampler.BeginEvaluation();
        sampler.NextBatch(second);
        CollectionAssert.AreEqual(first.Input, second.Input);
        CollectionAssert.AreEqual(first.Flow, second.Flow);
        Assert.AreEqual(1f, first.Input[(Crop / 2 * Crop) + (Crop / 2)]);
    }

    [TestMethod]
    public void NextBatch_BatchOfOtherSize_IsRefused()
    {
        TrainingSampler sampler = new(ManyImages(1));
        Assert.ThrowsExactly<ArgumentException>(() => sampler.NextBatch(new TrainingBatch(2, 2, 48)));
    }

    private static void AssertCrop(
        TrainingBatch batch, int slot, float[] values, int cells, double firstSum, double secondSum)
    {
        const int Plane = Crop * Crop;
        ReadOnlySpan<float> first = batch.Input.AsSpan(slot * 2 * Plane, Plane);
        ReadOnlySpan<float> second = batch.Input.AsSpan(((slot * 2) + 1) * Plane, Plane);
        Assert.AreEqual(values[0], first[0]);
        Assert.AreEqual(values[1], first[(16 * Crop) + 16]);
        Assert.AreEqual(values[2], first[(31 * Crop) + 31]);
        Assert.AreEqual(values[3], second[(5 * Crop) + 20]);
        Assert.AreEqual(values[4], second[(28 * Crop) + 3]);
        Assert.AreEqual(cells, batch.Cell.Skip(slot * Plane).Take(Plane).Count(v => v == 1f));
        Assert.AreEqual(firstSum, Sum(first));
        Assert.AreEqual(secondSum, Sum(second));
    }

    private static double Sum(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            sum += value;
        }

        return sum;
    }

    private static TrainingSet TwoImages() =>
        TrainingSet.Create([Pattern(60, 80, 0, "a"), Pattern(50, 70, 11, "b")], Options, 2);

    private static TrainingSet ManyImages(int count) => TrainingSet.Create(
        Enumerable.Range(1, count).Select(i => Pattern(100, 100, 0, $"{i}") with
        {
            Image = new Image(2, 100, 100, Enumerable.Repeat((float)i, 20000).ToArray()),
        }),
        Options, 2);

    private static LabelledImage Pattern(int height, int width, int offset, string name)
    {
        float[] pixels = new float[2 * height * width];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int c, int rest) = Math.DivRem(i, height * width);
            pixels[i] = ((rest / width * 7) + (rest % width * 13) + (c * 5) + offset) % 31;
        }

        int[] labels = new int[height * width];
        for (int k = 0; k < 6; k++)
        {
            for (int y = 0; y < 12; y++)
            {
                labels.AsSpan(((4 + (k / 3 * 20) + y) * width) + 5 + (k % 3 * 20), 10).Fill(k + 1);
            }
        }

        return new(new Image(2, height, width, pixels), new LabelImage(height, width, labels), name);
    }
}
