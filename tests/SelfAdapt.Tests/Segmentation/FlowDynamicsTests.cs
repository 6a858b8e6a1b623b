using SelfAdapt.Segmentation.Masks;

namespace SelfAdapt.Tests.Segmentation;

/// <summary>Where points go along flows that are easily followed by hand.</summary>
[TestClass]
internal sealed class FlowDynamicsTests
{
    private const int Size = 12;

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(4)]
    [DataRow(6)]
    public void Follow_SameFlowEverywhere_GoesThatFarAndStopsAtTheEdge(int steps)
    {
        // Two rows down and one column left a step, with a flow that is five times that.
        (float[] y, float[] x) = Field((_, _) => (10, -5));
        foreach (int start in (int[])[0, 7, (3 * Size) + 9, (Size * Size) - 1])
        {
            (int row, int column) = (Math.Min(Size - 1, (start / Size) + (2 * steps)), Math.Max(0, (start % Size) - steps));
            Assert.AreEqual((row * Size) + column, Follow(y, x, start, steps), $"from {start}");
        }
    }

    [TestMethod]
    public void Follow_BackAndForth_EndsWhereTheNumberOfStepsSays()
    {
        // A cycle of two: a whole round of steps leaves the point where it was, though it never rests.
        (float[] y, float[] x) = Field((_, column) => (0, column == 5 ? 5 : column == 6 ? -5 : 0));
        foreach (int steps in (int[])[1, 2, 3, 4, 5, 199, 200, 201])
        {
            Assert.AreEqual(5 + (steps % 2), Follow(y, x, 5, steps), $"{steps} steps");
        }
    }

    [TestMethod]
    [DataRow(2, 0)]
    [DataRow(3, 1)]
    public void Follow_BetweenPixels_FlowIsInterpolated(int steps, int column)
    {
        // 0 + 0.5 = 0.5; + (0.5 + 0.25) / 2 = 0.875; + 0.125 * 0.5 + 0.875 * 0.25 = 1.15625.
        (float[] y, float[] x) = Field((_, at) => (0, at == 0 ? 2.5f : 1.25f));
        Assert.AreEqual(column, Follow(y, x, 0, steps));
    }

    [TestMethod]
    public void Follow_FlowThatIsNoNumber_StaysInsideTheImage()
    {
        (float[] y, float[] x) = Field((_, _) => (float.NaN, 5));
        Assert.AreEqual(Size - 1, Follow(y, x, (4 * Size) + 4, 200));
    }

    [TestMethod]
    public void Follow_FlowOutsideCells_CountsAsNone()
    {
        (float[] y, float[] x) = Field((_, _) => (0, 5));
        int[] ends = FlowDynamics.Follow(y, x, [0, 1, 2], Size, Size, 5, 200);
        CollectionAssert.AreEqual(new[] { 3, 3, 3 }, ends);
    }

    private static int Follow(float[] y, float[] x, int start, int steps) =>
        FlowDynamics.Follow(y, x, [.. Enumerable.Range(0, Size * Size)], Size, Size, 5, steps)[start];

    private static (float[] Y, float[] X) Field(Func<int, int, (float Y, float X)> at)
    {
        (float Y, float X)[] field = [.. Enumerable.Range(0, Size * Size).Select(i => at(i / Size, i % Size))];
        return ([.. field.Select(f => f.Y)], [.. field.Select(f => f.X)]);
    }
}
