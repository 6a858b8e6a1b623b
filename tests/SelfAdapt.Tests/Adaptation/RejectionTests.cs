using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>Why the best checkpoint of a run was not kept.</summary>
[TestClass]
internal sealed class RejectionTests
{
    [TestMethod]
    public void Of_NoCheckpoint_OrNoRule_IsNone()
    {
        Assert.IsNull(Rejection.Of([Point(0, 0, 20)], new AdaptationOptions()));
        Assert.IsNull(Rejection.Of([Point(0, 0, 20), Point(10, -0.1, 20)], new() { Stop = StopRule.None }));
    }

    [TestMethod]
    public void Of_OutlinesNoBetter_TheBestOfThem_WithWhatItLacked()
    {
        Rejection rejection = Rejection.Of([Point(0, 0, 20), Point(10, 0.004, 30), Point(20, -0.02, 40)], new())!;
        Assert.AreEqual((10, RejectionCause.OutlinesNotBetter), (rejection.Point.Iteration, rejection.Cause));
        Assert.AreEqual(0.004, rejection.Value);
        Assert.AreEqual(0.01645, rejection.Limit, 1e-12);
    }

    [TestMethod]
    public void Of_BetterOutlinesWithLessEvidence_SaysSo()
    {
        Rejection rejection = Rejection.Of([Point(0, 0, 20), Point(10, 0.1, 15)], new())!;
        Assert.AreEqual((RejectionCause.LessEvidence, 15.0, 20.0), (rejection.Cause, rejection.Value, rejection.Limit));
    }

    [TestMethod]
    [DataRow(StopRule.Fn, 0.2, 0.1, RejectionCause.CellsLost)]
    [DataRow(StopRule.Embedding, 0.2, 0.7, RejectionCause.EmbeddingsMoved)]
    [DataRow(StopRule.Both, 0.2, 0.7, RejectionCause.CellsLost)]
    [DataRow(StopRule.Both, 0.01, 0.7, RejectionCause.EmbeddingsMoved)]
    public void Of_ThePapersRules_TheSignalThatIsBeyond(StopRule rule, double lost, double moved, RejectionCause cause)
    {
        EvaluationPoint beyond = new(10, new LabelFreeSignals { FnRate = lost, EmbeddingDistance = moved, Cells = 90 });
        Rejection rejection = Rejection.Of([Point(0, 0, 20), beyond], new() { Stop = rule })!;
        Assert.AreEqual(cause, rejection.Cause);
        Assert.AreEqual(cause == RejectionCause.CellsLost ? lost : moved, rejection.Value);
    }

    private static EvaluationPoint Point(int iteration, double change, double evidence) => new(
        iteration, new LabelFreeSignals { OutlineChange = change, OutlineChangeError = 0.01, Evidence = evidence, Cells = 100 });
}
