using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>Why the best checkpoint of a run was not kept.</summary>
[TestClass]
internal sealed class RejectionTests
{
    [TestMethod]
    public void Of_NoCheckpoint_OrNoRule_IsNone()
    {
        Assert.IsNull(Rejection.Of([Point(0, 20)], new AdaptationOptions()));
        Assert.IsNull(Rejection.Of([Point(0, 20), Point(10, 10)], new() { Stop = StopRule.None }));
    }

    [TestMethod]
    public void Of_Outlines_TheOneWithMostEvidence_WithWhatItLacked()
    {
        Rejection rejection = Rejection.Of([Point(0, 20), Point(10, 20.5), Point(20, 18)], new())!;
        Assert.AreEqual((10, RejectionCause.TooLittleEvidence), (rejection.Point.Iteration, rejection.Cause));
        Assert.AreEqual((20.5, 21.0), (rejection.Value, rejection.Limit));
    }

    [TestMethod]
    [DataRow(StopRule.Fn, 0.2, 0.1, RejectionCause.CellsLost)]
    [DataRow(StopRule.Embedding, 0.2, 0.7, RejectionCause.EmbeddingsMoved)]
    [DataRow(StopRule.Both, 0.2, 0.7, RejectionCause.CellsLost)]
    [DataRow(StopRule.Both, 0.01, 0.7, RejectionCause.EmbeddingsMoved)]
    public void Of_ThePapersRules_TheSignalThatIsBeyond(StopRule rule, double lost, double moved, RejectionCause cause)
    {
        EvaluationPoint beyond = new(10, new LabelFreeSignals { FnRate = lost, EmbeddingDistance = moved, Cells = 90 });
        Rejection rejection = Rejection.Of([Point(0, 20), beyond], new() { Stop = rule })!;
        Assert.AreEqual(cause, rejection.Cause);
        Assert.AreEqual(cause == RejectionCause.CellsLost ? lost : moved, rejection.Value);
    }

    private static EvaluationPoint Point(int iteration, double evidence) =>
        new(iteration, new LabelFreeSignals { Evidence = evidence, EvidenceError = 1, Cells = 100 });
}
