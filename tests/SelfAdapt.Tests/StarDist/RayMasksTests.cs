using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Kinds;
using SelfAdapt.Segmentation.Masks;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Tests.StarDist;

[TestClass]
internal sealed class RayMasksTests
{
    private const int Rays = 32;

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Compute_TrueDistances_GiveTheMasksBack(int grid)
    {
        LabelImage truth = Discs();
        LabelImage masks = FlowMasks.Compute(Outputs(truth, grid), Description(grid), new());
        double[] precision = SegmentationMetrics.AveragePrecision(truth, masks, [0.5, 0.75]);
        Assert.AreEqual(1, precision[0]);
        Assert.AreEqual(1, precision[1]);
    }

    [TestMethod]
    public void Compute_PolygonsThatShareTooMuch_LeaveTheLikelier()
    {
        // Squares with corners 10 px away on the axes, 8 px apart, share (12 / 20)² = .36 of their area.
        foreach ((double threshold, int expected) in ((double, int)[])[(0.3, 1), (0.4, 2)])
        {
            float[] outputs = new float[5 * 40 * 40];
            Array.Fill(outputs, -5f, 0, 1600);
            Array.Fill(outputs, 10f, 1600, 4 * 1600);
            outputs[(20 * 40) + 16] = 2;
            outputs[(20 * 40) + 24] = 3;
            LabelImage masks = FlowMasks.Compute(
                new Image(5, 40, 40, outputs),
                new([new(OutputKind.Logit, 0, "prob"), new(new RaysKind(4), 1, "dist")]), new() { NmsThreshold = threshold });
            Assert.AreEqual(expected, masks.Labels.Max(), $"threshold {threshold}");
            Assert.AreEqual(masks.Labels[(20 * 40) + 24], masks.Labels[(20 * 40) + 18], "the likelier lies on top");
        }
    }

    [TestMethod]
    public void Compute_AThreshold_IsOfTheLogit()
    {
        Image outputs = Outputs(Discs(), 1);
        float most = outputs.Plane(0).ToArray().Max();
        LabelImage none = FlowMasks.Compute(outputs, Description(1), new() { CellprobThreshold = most });
        Assert.AreEqual(0, none.Labels.Max());
    }

    [TestMethod]
    public void Compute_ImagesAtAnotherScale_AreMeasuredByTheNetworks()
    {
        // Distances are told in the network's pixels, half the image's: twice as many in the image.
        LabelImage truth = Discs();
        Image outputs = Outputs(truth, 1);
        for (int c = 1; c <= Rays; c++)
        {
            foreach (ref float distance in outputs.Plane(c))
            {
                distance /= 2;
            }
        }

        LabelImage masks = FlowMasks.Compute(outputs, Description(1), new() { Diameter = 60, DiamMean = 30 });
        Assert.AreEqual(1, SegmentationMetrics.AveragePrecision(truth, masks, [0.75])[0]);
    }

    private static OutputDescription Description(int grid) =>
        new([new(OutputKind.Logit, 0, "prob"), new(new RaysKind(Rays), 1, "dist")]) { Grid = grid };

    /// <summary>What a network that knows the truth says, each block what its first pixel says.</summary>
    private static Image Outputs(LabelImage truth, int grid)
    {
        int plane = truth.Labels.Length;
        float[] depth = StarTargets.Depth(truth);
        float[] outputs = new float[(1 + Rays) * plane];
        float[] distances = new float[Rays];
        for (int i = 0; i < plane; i++)
        {
            (int y, int x) = (i / truth.Width / grid * grid, i % truth.Width / grid * grid);
            StarTargets.Distances(truth, y, x, distances);
            outputs[i] = (10 * depth[(y * truth.Width) + x]) - 5;
            for (int k = 0; k < Rays; k++)
            {
                outputs[((k + 1) * plane) + i] = distances[k];
            }
        }

        return new Image(1 + Rays, truth.Height, truth.Width, outputs);
    }

    private static LabelImage Discs()
    {
        int[] labels = new int[100 * 120];
        (int Y, int X, int R)[] discs = [(20, 20, 11), (25, 48, 14), (60, 30, 15), (70, 85, 20), (22, 90, 9), (50, 60, 8)];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = Array.FindIndex(
                discs, d => Math.Pow((i / 120) - d.Y, 2) + Math.Pow((i % 120) - d.X, 2) <= d.R * d.R) + 1;
        }

        return new LabelImage(100, 120, labels);
    }
}
