using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;

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
    public void Outlines_MostEvidence_IsKept()
    {
        StopController controller = Outlines();
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(0, 20)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(10, 21.5)));
        Assert.AreEqual(StopDecision.Pass, controller.Add(Drawn(20, 21.4)));
        Assert.AreEqual(StopDecision.Keep, controller.Add(Drawn(40, 21.6)), "the error is that of the lead on the source");
        Assert.AreEqual(40, controller.Kept!.Iteration);
        Assert.IsNull(controller.Reason);
    }

    [TestMethod]
    [DataRow(21, StopDecision.Pass)]
    [DataRow(21.01, StopDecision.Keep)]
    [DataRow(double.NaN, StopDecision.Pass)]
    public void Outlines_MoreByChance_IsPassedOver(double evidence, StopDecision decision)
    {
        StopController controller = Outlines();
        controller.Add(Drawn(0, 20));
        Assert.AreEqual(decision, controller.Add(Drawn(10, evidence)));
    }

    [TestMethod]
    public void Outlines_PatienceAtItsEnd_Stops()
    {
        StopController controller = Outlines(patience: 2);
        EvaluationPoint[] course =
            [Drawn(0, 20), Drawn(10, 19), Drawn(20, 22), Drawn(40, 22), Drawn(60, 21), Drawn(80, 30)];
        Assert.AreEqual(60, FirstStop(controller, course));
        Assert.AreEqual(20, controller.Kept!.Iteration);
        Assert.AreEqual(StopReason.Outlines, controller.Reason);
    }

    [TestMethod]
    public void Outlines_NoPatienceSet_NeverStops() => Assert.IsNull(FirstStop(
        Outlines(patience: 0), Enumerable.Range(0, 100).Select(i => Drawn(i, -i))));

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

    private static EvaluationPoint Drawn(int iteration, double evidence) =>
        new(iteration, new LabelFreeSignals { Evidence = evidence, EvidenceError = 1 });
}
