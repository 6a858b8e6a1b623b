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
    public void Outlines_MostEvidenceOfClearlyBetterOnes_IsKept()
    {
        StopController controller = Outlines();
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(0, 0, 20)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(10, 0.05, 21)));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Drawn(20, 0.09, 20.5)), "less evidence");
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(40, 0.03, 25)), "it is evidence that decides");
        Assert.AreEqual(StopDecision.Pass, controller.Add(Drawn(60, -0.05, 40)), "more cells, worse outlines");
        Assert.AreEqual(40, controller.Kept!.Iteration);
        Assert.IsNull(controller.Reason);
    }

    [TestMethod]
    [DataRow(0.016, StopDecision.Pass)]
    [DataRow(0.017, StopDecision.Keep)]
    [DataRow(double.NaN, StopDecision.Pass)]
    public void Outlines_BetterByChance_IsPassedOver(double change, StopDecision decision)
    {
        StopController controller = Outlines();
        controller.Add(Drawn(0, 0, 20));
        Assert.AreEqual(decision, controller.Add(Drawn(10, change, 30)));
    }

    [TestMethod]
    public void Outlines_LessEvidenceThanTheSource_IsPassedOver()
    {
        StopController controller = Outlines();
        controller.Add(Drawn(0, 0, 20));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Drawn(10, 0.2, 19)));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Drawn(20, 0.2, double.NaN)));
    }

    [TestMethod]
    public void Outlines_PatienceAtItsEnd_Stops()
    {
        StopController controller = Outlines(patience: 2);
        EvaluationPoint[] course =
        [
            Drawn(0, 0, 20), Drawn(10, 0.1, 19), Drawn(20, 0.1, 22), Drawn(40, 0.1, 22), Drawn(60, 0.1, 21), Drawn(80, 0.1, 30)
        ];
        Assert.AreEqual(60, FirstStop(controller, course));
        Assert.AreEqual(20, controller.Kept!.Iteration);
        Assert.AreEqual(StopReason.Outlines, controller.Reason);
    }

    [TestMethod]
    public void Outlines_NoPatienceSet_NeverStops() => Assert.IsNull(FirstStop(
        Outlines(patience: 0), Enumerable.Range(0, 100).Select(i => Drawn(i, -i, -i))));

    private static StopController Outlines(int patience = 10) =>
        new(new() { Stop = StopRule.Outlines, Patience = patience });

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

    private static EvaluationPoint Drawn(int iteration, double change, double evidence) => new(
        iteration, new LabelFreeSignals { OutlineChange = change, OutlineChangeError = 0.01, Evidence = evidence });
}
