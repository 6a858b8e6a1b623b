using SelfAdapt.Engine;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>The fast way from flows to masks against the plain one, and against itself with other threads.</summary>
[TestClass]
internal sealed class FlowMasksOracleTests
{
    [TestMethod]
    [DataRow(61, 83, 0, 0.0)]
    [DataRow(61, 83, 1, 0.5)]
    [DataRow(90, 47, 2, 2.0)]
    [DataRow(33, 120, 3, 8.0)]
    public void Compute_RandomCells_GivesTheOraclesMasks(int height, int width, int seed, double noise)
    {
        Image outputs = RandomCells(height, width, (ulong)seed, noise);
        foreach ((double threshold, int minSize) in ((double, int)[])[(0.4, 15), (0, 0), (0.05, 3)])
        {
            SegmentationOptions options = new() { FlowThreshold = threshold, MinSize = minSize };
            LabelImage masks = FlowMasks.Compute(outputs, OutputDescription.Cellpose, options);
            CollectionAssert.AreEqual(PlainMasks.Compute(outputs, options), masks.Labels);
            Assert.IsGreaterThan(threshold > 0 ? -1 : 5, masks.Labels.Max());
        }
    }

    [TestMethod]
    [DataRow(40, 57, 200)]
    [DataRow(40, 57, 203)]
    [DataRow(23, 9, 1)]
    [DataRow(1, 70, 200)]
    [DataRow(70, 1, 6)]
    [DataRow(1, 1, 5)]
    public void Follow_RandomFlow_EndsWhereTheOracleEnds(int height, int width, int steps)
    {
        // Vectors up to 3 px long: points leave cells, meet the border and run in cycles.
        Image outputs = new(3, height, width,
            [.. Enumerable.Range(0, 3 * height * width).Select(i => (float)(30 * Uniform(7, i)) - 15)]);
        int[] pixels = [.. Enumerable.Range(0, height * width).Where(i => outputs.Plane(2)[i] > -9)];
        CollectionAssert.AreEqual(
            PlainMasks.Follow(outputs, pixels, steps),
            FlowDynamics.Follow(outputs.Plane(0), outputs.Plane(1), pixels, height, width, 5, steps));
    }

    [TestMethod]
    public void Follow_FlowThatIsNotANumber_EndsInsideTheImage()
    {
        float[] flow = [.. Enumerable.Range(0, 9 * 9).Select(i => i % 3 == 0 ? float.NaN : float.PositiveInfinity)];
        int[] pixels = [.. Enumerable.Range(0, 81)];
        int[] ends = FlowDynamics.Follow(flow, flow, pixels, 9, 9, 5, 200);
        Assert.IsTrue(ends.All(end => end is >= 0 and < 81));
    }

    [TestMethod]
    public void FillHolesAndRemoveSmall_RandomNestedLabels_GivesTheOraclesMasks()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            int[] labels = NestedRings(18, 21, seed);
            int minSize = (int)(seed % 5) * 3;
            LabelImage masks = MaskCleanup.FillHolesAndRemoveSmall(new LabelImage(18, 21, labels), minSize);
            CollectionAssert.AreEqual(PlainMasks.Cleanup(labels, 18, 21, minSize), masks.Labels, $"seed {seed}");
        }
    }

    [TestMethod]
    public void Compute_OneTwoAndFiveThreads_GiveTheSameMasks()
    {
        Image outputs = RandomCells(300, 260, 11, 1.0);
        int[][] masks = [.. ((int[])[1, 2, 5, 0]).Select(threads => FlowMasks.Compute(
            outputs, OutputDescription.Cellpose, new() { Threads = threads }).Labels)];
        Assert.IsGreaterThan(50, masks[0].Max());
        foreach (int[] other in masks[1..])
        {
            CollectionAssert.AreEqual(masks[0], other);
        }
    }

    /// <summary>
    /// Discs that may overlap, with flows towards their centres, plus noise, and a logit with gaps.
    /// </summary>
    private static Image RandomCells(int height, int width, ulong seed, double noise)
    {
        Image outputs = ImagePreparation.Blank(3, height, width);
        outputs.Plane(2).Fill(-1);
        int cells = height * width / 250;
        for (int cell = 0; cell < cells; cell++)
        {
            double centreY = height * Uniform(seed, 3 * cell);
            double centreX = width * Uniform(seed, (3 * cell) + 1);
            double radius = 3 + (7 * Uniform(seed, (3 * cell) + 2));
            for (int i = 0; i < height * width; i++)
            {
                (double dy, double dx) = ((i / width) - centreY, (i % width) - centreX);
                double distance = Math.Sqrt((dy * dy) + (dx * dx));
                if (distance < radius)
                {
                    outputs.Plane(0)[i] = (float)(-5 * dy / (distance + 1));
                    outputs.Plane(1)[i] = (float)(-5 * dx / (distance + 1));
                    outputs.Plane(2)[i] = 1;
                }
            }
        }

        for (int i = 0; i < 2 * height * width; i++)
        {
            outputs.Pixels[i] += (float)(noise * CounterRandom.Normal(seed + 100, (ulong)i));
        }

        for (int i = 0; i < height * width; i++)
        {
            outputs.Plane(2)[i] += (float)(0.4 * CounterRandom.Normal(seed + 200, (ulong)i));
        }

        return outputs;
    }

    /// <summary>Frames of random rectangles drawn over one another: holes, labels within holes, torn labels.</summary>
    private static int[] NestedRings(int height, int width, ulong seed)
    {
        int[] labels = new int[height * width];
        for (int ring = 0; ring < 12; ring++)
        {
            int top = Whole(0, height - 3);
            int left = Whole(1, width - 3);
            int bottom = Math.Min(height - 1, top + 2 + Whole(2, height));
            int right = Math.Min(width - 1, left + 2 + Whole(3, width));
            int label = 1 + Whole(4, 9);
            bool solid = Uniform(seed, (10 * ring) + 5) < 0.3;
            for (int y = top; y <= bottom; y++)
            {
                for (int x = left; x <= right; x++)
                {
                    if (solid || y == top || y == bottom || x == left || x == right)
                    {
                        labels[(y * width) + x] = label;
                    }
                }
            }

            int Whole(int which, int below) => (int)(below * Uniform(seed, (10 * ring) + which));
        }

        return labels;
    }

    private static double Uniform(ulong seed, int counter) => CounterRandom.Uniform(seed, (ulong)counter);
}
