using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class StopControllerTests
{
    // FN passes .05 at 500, the embedding distance passes .5 at 750.
    private static readonly EvaluationPoint[] Course =
    [
        Paper(0, 0, 0), Paper(250, 0.05, 0.2), Paper(500, 0.06, 0.5), Paper(750, 0.08, 0.51),
        Paper(1000, 0.04, 0.4),
    ];

    [TestMethod]
    [DataRow(StopRule.Fn, 500, 250, StopReason.FalseNegativeRate)]
    [DataRow(StopRule.Embedding, 750, 500, StopReason.EmbeddingDistance)]
    [DataRow(StopRule.Both, 500, 250, StopReason.FalseNegativeRate)]
    [DataRow(StopRule.None, null, 1000, null)]
    public void Add_Course_StopsAtTheFirstBeyondAndKeepsTheLastWithin(
        StopRule rule, int? stop, int kept, StopReason? reason)
    {
        StopController controller = new(new() { Stop = rule });
        Assert.AreEqual(stop, FirstStop(controller, Course));
        Assert.AreEqual(kept, controller.Kept!.Iteration);
        Assert.AreEqual(reason, controller.Reason);
    }

    [TestMethod]
    public void Add_FirstPointBeyond_KeepsNothing()
    {
        StopController controller = new(new() { Stop = StopRule.Fn });
        Assert.AreEqual(StopDecision.Stop, controller.Add(Paper(250, 0.5, 0)));
        Assert.IsNull(controller.Kept);
    }

    [TestMethod]
    public void Add_BackWithinAfterFiring_StaysStopped()
    {
        StopController controller = new(new() { Stop = StopRule.Embedding });
        controller.Add(Paper(250, 0, 0.3));
        controller.Add(Paper(500, 0, 0.7));
        Assert.AreEqual(StopDecision.Stop, controller.Add(Paper(750, 0, 0.1)));
        Assert.AreEqual(250, controller.Kept!.Iteration);
    }

    [TestMethod]
    [DataRow(StopRule.Embedding)]
    [DataRow(StopRule.Both)]
    public void Add_NotANumber_CountsAsBeyond(StopRule rule)
    {
        StopController controller = new(new() { Stop = rule });
        Assert.AreEqual(StopDecision.Stop, controller.Add(Paper(250, 0, double.NaN)));
    }

    [TestMethod]
    public void Steadiness_Highest_IsKept()
    {
        StopController controller = Steadiness();
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(0, 0.5)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(10, 0.6)));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Steady(30, 0.6)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(40, 0.61)));
        Assert.AreEqual(40, controller.Kept!.Iteration);
        Assert.IsNull(controller.Reason);
    }

    [TestMethod]
    public void Steadiness_FewerCellsThanTheSource_IsPassedOver()
    {
        StopController controller = Steadiness();
        controller.Add(Steady(0, 0.5, cells: 100));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Steady(10, 0.9, cells: 97)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(20, 0.6, cells: 98)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(30, 0.7, cells: 300)));
        Assert.AreEqual(
            StopDecision.Keep, controller.Add(Steady(40, 0.8, cells: 98)), "it is the source that counts are compared with");
    }

    [TestMethod]
    public void Steadiness_HardlyAboveTheSource_KeepsTheSource()
    {
        StopController controller = Steadiness();
        controller.Add(Steady(0, 0.5));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Steady(10, 0.51)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(20, 0.5101)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Steady(30, 0.5102)), "the margin is the source's alone");
    }

    [TestMethod]
    public void Steadiness_NotANumber_IsPassedOver()
    {
        StopController controller = Steadiness();
        controller.Add(Steady(0, 0.5));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Steady(10, double.NaN)));
    }

    [TestMethod]
    public void Steadiness_PatienceAtItsEnd_Stops()
    {
        StopController controller = Steadiness(patience: 2);
        EvaluationPoint[] course =
            [Steady(0, 0.5), Steady(10, 0.4), Steady(20, 0.6), Steady(30, 0.6), Steady(40, 0.5), Steady(50, 0.9)];
        Assert.AreEqual(40, FirstStop(controller, course));
        Assert.AreEqual(20, controller.Kept!.Iteration);
        Assert.AreEqual(StopReason.Steadiness, controller.Reason);
    }

    [TestMethod]
    public void Steadiness_NoPatienceSet_NeverStops() => Assert.IsNull(FirstStop(
        Steadiness(patience: 0), Enumerable.Range(0, 100).Select(i => Steady(i, -i))));

    private static StopController Steadiness(int patience = 10) =>
        new(new() { Stop = StopRule.Steadiness, Patience = patience });

    private static int? FirstStop(StopController controller, IEnumerable<EvaluationPoint> course)
    {
        int? stopped = null;
        foreach (EvaluationPoint point in course)
        {
            if (controller.Add(point) == StopDecision.Stop)
            {
                stopped ??= point.Iteration;
            }
        }

        return stopped;
    }

    private static EvaluationPoint Paper(int iteration, double fn, double embedding) =>
        new(iteration, new LabelFreeSignals { FnRate = fn, EmbeddingDistance = embedding });

    private static EvaluationPoint Steady(int iteration, double steadiness, int cells = 10) =>
        new(iteration, new LabelFreeSignals { Steadiness = steadiness, Cells = cells });
}
