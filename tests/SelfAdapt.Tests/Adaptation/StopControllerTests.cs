using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
public sealed class StopControllerTests
{
    // FN passes .05 at 500, the embedding distance passes .5 at 750.
    private static readonly EvaluationPoint[] Course =
    [
        Point(0, 0, 0), Point(250, 0.05, 0.2), Point(500, 0.06, 0.5), Point(750, 0.08, 0.51),
        Point(1000, 0.04, 0.4),
    ];

    [TestMethod]
    [DataRow(StopRule.Fn, 500, 250)]
    [DataRow(StopRule.Embedding, 750, 500)]
    [DataRow(StopRule.Both, 500, 250)]
    [DataRow(StopRule.None, null, 1000)]
    public void Add_Course_StopsAtTheFirstBeyondAndKeepsTheLastWithin(StopRule rule, int? stop, int kept)
    {
        StopController controller = new(new() { Stop = rule });
        int? stopped = null;
        foreach (EvaluationPoint point in Course)
        {
            if (controller.Add(point) == StopDecision.Stop)
            {
                stopped ??= point.Iteration;
            }
        }

        Assert.AreEqual(stop, stopped);
        Assert.AreEqual(kept, controller.Kept!.Iteration);
        Assert.AreEqual(500, controller.FnFiredAt);
        Assert.AreEqual(750, controller.EmbeddingFiredAt);
    }

    [TestMethod]
    public void Add_FirstPointBeyond_KeepsNothing()
    {
        StopController controller = new(new() { Stop = StopRule.Fn });
        Assert.AreEqual(StopDecision.Stop, controller.Add(Point(250, 0.5, 0)));
        Assert.IsNull(controller.Kept);
    }

    [TestMethod]
    public void Add_BackWithinAfterFiring_StaysStopped()
    {
        StopController controller = new(new() { Stop = StopRule.Embedding });
        controller.Add(Point(250, 0, 0.3));
        controller.Add(Point(500, 0, 0.7));
        Assert.AreEqual(StopDecision.Stop, controller.Add(Point(750, 0, 0.1)));
        Assert.AreEqual(250, controller.Kept!.Iteration);
    }

    [TestMethod]
    public void Add_NotANumber_CountsAsBeyond()
    {
        StopController controller = new(new() { Stop = StopRule.Embedding });
        Assert.AreEqual(StopDecision.Stop, controller.Add(Point(250, 0, double.NaN)));
    }

    private static EvaluationPoint Point(int iteration, double fn, double embedding) =>
        new(iteration, fn, embedding, null, null, 10);
}
