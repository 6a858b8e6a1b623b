using SelfAdapt.Files;
using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.StarDist;

[TestClass]
internal sealed class StarTargetsTests
{
    [TestMethod]
    public void Distances_ARectangle_EndHalfAPixelBehindItsLastPixels()
    {
        // Rows 1 to 3, columns 2 to 8, seen from (2, 4): 4.5 to the right, 1.5 down, 2.5 to the left, 1.5 up.
        LabelImage masks = Drawn(7, 12, (y, x) => y is >= 1 and <= 3 && x is >= 2 and <= 8 ? 5 : 0);
        float[] distances = new float[8];
        StarTargets.Distances(masks, 2, 4, distances);

        // Steps of one pixel: the third diagonal one leaves, and comes back by as much as reaches half a pixel less.
        float slant = 3 - (1 - (0.5f * MathF.Sqrt(2)));
        foreach ((int ray, float expected) in ((int, float)[])[(0, 4.5f), (1, slant), (2, 1.5f), (4, 2.5f), (6, 1.5f), (7, slant)])
        {
            Assert.AreEqual(expected, distances[ray], 1e-4f, $"ray {ray}");
        }

        StarTargets.Distances(masks, 0, 0, distances);
        CollectionAssert.AreEqual(new float[8], distances);
    }

    [TestMethod]
    public void Distances_AnotherObjectOrTheBorder_EndsARay()
    {
        LabelImage masks = Drawn(3, 10, (_, x) => x < 6 ? 1 : 2);
        float[] distances = new float[4];
        StarTargets.Distances(masks, 1, 3, distances);
        foreach ((float expected, float actual) in new[] { 2.5f, 1.5f, 3.5f, 1.5f }.Zip(distances))
        {
            Assert.AreEqual(expected, actual, 1e-5f);
        }
    }

    [TestMethod]
    public void Depth_TouchingObjects_IsTheDistanceToAnotherLabelByTheLargest()
    {
        Random random = new(3);
        LabelImage masks = Drawn(23, 31, (y, x) => (y / 9) + (x / 7) + (random.Next(12) == 0 ? 1 : 0));
        float[] depth = StarTargets.Depth(masks);
        double[] plain = [.. Enumerable.Range(0, masks.Labels.Length).Select(Nearest)];
        for (int i = 0; i < plain.Length; i++)
        {
            int label = masks.Labels[i];
            double largest = plain.Where((_, j) => masks.Labels[j] == label).Max();
            Assert.AreEqual(label == 0 ? 0 : plain[i] / largest, depth[i], 1e-6, $"pixel {i}");
        }

        double Nearest(int i) => Enumerable.Range(0, masks.Labels.Length).Where(j => masks.Labels[j] != masks.Labels[i])
            .Min(j => Math.Sqrt(Math.Pow((i / 31) - (j / 31), 2) + Math.Pow((i % 31) - (j % 31), 2)));
    }

    private static LabelImage Drawn(int height, int width, Func<int, int, int> label) =>
        new(height, width, [.. Enumerable.Range(0, height * width).Select(i => label(i / width, i % width))]);
}
