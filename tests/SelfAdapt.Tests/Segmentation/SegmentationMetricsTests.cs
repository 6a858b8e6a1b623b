using SelfAdapt.Files;
using SelfAdapt.Segmentation.Metrics;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>The worked example of docs/cellpose.md 6, and properties.</summary>
[TestClass]
internal sealed class SegmentationMetricsTests
{
    private static readonly double[] Thresholds = [0.5, 0.75, 0.9];

    private static readonly LabelImage Truth = GoldenFile.Rectangles(
        20, 20, (1, 0, 4, 0, 4), (2, 10, 14, 10, 14));

    private static readonly LabelImage Predicted = GoldenFile.Rectangles(
        20, 20, (1, 0, 4, 0, 3), (2, 10, 14, 12, 16), (3, 17, 18, 0, 2));

    private static readonly LabelImage Nothing = new(20, 20, new int[400]);

    [TestMethod]
    public void OverlapTable_WorkedExample_Matches()
    {
        OverlapTable table = OverlapTable.Compare(Truth, Predicted);
        (int, int, double)[] expected = [(0, 0, 0.8), (1, 1, 15.0 / 35)];
        CollectionAssert.AreEqual(expected, table.Overlaps.ConvertAll(o => (o.True, o.Predicted, o.Iou)));
        Assert.HasCount(2, table.TrueLabels);
        Assert.HasCount(3, table.PredictedLabels);
    }

    [TestMethod]
    [DataRow(0.5, 1, 2, 1, 0.25)]
    [DataRow(0.75, 1, 2, 1, 0.25)]
    [DataRow(0.9, 0, 3, 2, 0.0)]
    public void Match_WorkedExample_Counts(double threshold, int tp, int fp, int fn, double precision)
    {
        InstanceMatching match = InstanceMatching.Match(Truth, Predicted, threshold);
        Assert.AreEqual((tp, fp, fn), (match.TruePositives, match.FalsePositives, match.FalseNegatives));
        Assert.AreEqual(precision, match.AveragePrecision);
        Assert.AreEqual(fn / 2.0, match.FalseNegativeRate);
    }

    [TestMethod]
    public void Match_LabelsWithGaps_CountsCellsAndReportsTheirLabels()
    {
        LabelImage truth = new(20, 20, Array.ConvertAll(Truth.Labels, l => l * 100));
        InstanceMatching match = InstanceMatching.Match(truth, Predicted, 0.5);
        Assert.AreEqual((1, 2, 1), (match.TruePositives, match.FalsePositives, match.FalseNegatives));
        Assert.AreEqual(new CellPair(100, 1, 0.8), match.Pairs.Single());
    }

    [TestMethod]
    public void AveragePrecision_WorkedExample_Matches() => CollectionAssert.AreEqual(
        new[] { 0.25, 0.25, 0 }, SegmentationMetrics.AveragePrecision(Truth, Predicted, Thresholds));

    [TestMethod]
    public void AveragePrecision_EmptySides_IsDefined()
    {
        CollectionAssert.AreEqual(
            new[] { 1.0, 1, 1 }, SegmentationMetrics.AveragePrecision(Nothing, Nothing, Thresholds));
        CollectionAssert.AreEqual(
            new[] { 0.0, 0, 0 }, SegmentationMetrics.AveragePrecision(Nothing, Predicted, Thresholds));
        CollectionAssert.AreEqual(
            new[] { 0.0, 0, 0 }, SegmentationMetrics.AveragePrecision(Truth, Nothing, Thresholds));
    }

    [TestMethod]
    public void AggregatedJaccard_WorkedExample_Matches()
    {
        Assert.AreEqual(35.0 / 66, SegmentationMetrics.AggregatedJaccard(Truth, Predicted));
        Assert.AreEqual(1.0, SegmentationMetrics.AggregatedJaccard(Nothing, Nothing));
        Assert.AreEqual(0.0, SegmentationMetrics.AggregatedJaccard(Truth, Nothing));
    }

    [TestMethod]
    public void BoundaryScores_WorkedExample_Matches()
    {
        foreach (BoundaryScore score in SegmentationMetrics.BoundaryScores(Truth, Predicted, [0.05, 0.25]))
        {
            Assert.AreEqual(0.655172, score.Precision, 1e-6);
            Assert.AreEqual(0.730769, score.Recall, 1e-6);
            Assert.AreEqual(0.690909, score.F, 1e-6);
        }
    }

    [TestMethod]
    public void BoundaryScores_EmptySides_IsDefined()
    {
        Assert.AreEqual(new(1, 1), SegmentationMetrics.BoundaryScores(Nothing, Nothing, [0.1]).Single());
        Assert.AreEqual(new(0, 0), SegmentationMetrics.BoundaryScores(Truth, Nothing, [0.1]).Single());
        Assert.AreEqual(0.0, SegmentationMetrics.BoundaryScores(Truth, Nothing, [0.1]).Single().F);
    }

    [TestMethod]
    public void Metrics_ImageWithItself_ArePerfect()
    {
        Assert.AreEqual(1.0, SegmentationMetrics.AggregatedJaccard(Predicted, Predicted));
        Assert.AreEqual(1.0, SegmentationMetrics.AveragePrecision(Predicted, Predicted, [1.0]).Single());
        Assert.AreEqual(1.0, SegmentationMetrics.BoundaryScores(Predicted, Predicted, [0.2]).Single().F);
    }

    [TestMethod]
    public void Metrics_DifferentSizes_AreRefused()
    {
        LabelImage other = new(20, 21, new int[420]);
        Assert.ThrowsExactly<ArgumentException>(() => InstanceMatching.Match(Truth, other, 0.5));
        Assert.ThrowsExactly<ArgumentException>(() => SegmentationMetrics.BoundaryScores(Truth, other, [1]));
    }

    [TestMethod]
    public void Solve_GreedyTrap_FindsTheLargerMatching()
    {
        // Row 0 alone would take column 0, which is all that row 1 can have.
        int[] result = SparseAssignment.Solve(2, 2, [(0, 0, 1.5), (0, 1, 1.1), (1, 0, 1.2)]);
        CollectionAssert.AreEqual(new[] { 1, 0 }, result);
    }

    [TestMethod]
    public void Solve_RandomPairs_EqualsTryingEveryMatching()
    {
        uint state = 3;
        for (int scene = 0; scene < 300; scene++)
        {
            List<(int Row, int Column, double Weight)> pairs = [];
            (int rows, int columns) = (1 + (scene % 5), 1 + (scene / 5 % 6));
            for (int i = 0; i < rows * columns; i++)
            {
                state = (state * 1664525) + 1013904223;
                if (state >> 31 == 0)
                {
                    pairs.Add((i / columns, i % columns, 0.01 + ((state >> 8) % 1000 / 500.0)));
                }
            }

            int[] result = SparseAssignment.Solve(rows, columns, pairs);
            Assert.AreEqual(
                result.Count(c => c >= 0), result.Where(c => c >= 0).Distinct().Count(), "a column twice");
            double total = pairs.Where(pair => result[pair.Row] == pair.Column).Sum(pair => pair.Weight);
            Assert.AreEqual(Best(pairs, 0, rows, 0), total, 1e-9, $"scene {scene}");
        }
    }

    private static double Best(
        List<(int Row, int Column, double Weight)> pairs, int row, int rows, int usedColumns)
    {
        if (row == rows)
        {
            return 0;
        }

        double best = Best(pairs, row + 1, rows, usedColumns);
        foreach ((_, int column, double weight) in pairs.Where(p => p.Row == row))
        {
            if ((usedColumns & (1 << column)) == 0)
            {
                best = Math.Max(best, weight + Best(pairs, row + 1, rows, usedColumns | (1 << column)));
            }
        }

        return best;
    }
}
