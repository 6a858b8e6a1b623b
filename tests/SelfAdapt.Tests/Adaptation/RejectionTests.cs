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
        Assert.IsNull(Rejection.Of([Point(0, 0.5, 100)], new AdaptationOptions()));
        Assert.IsNull(Rejection.Of([Point(0, 0.5, 100), Point(10, 0.4, 100)], new() { Stop = StopRule.None }));
    }

    [TestMethod]
    public void Of_Steadiness_TheSteadiest_WithWhatItLacked()
    {
        Rejection rejection = Rejection.Of(
            [Point(0, 0.6, 100), Point(10, 0.604, 100), Point(20, 0.5, 100)], new AdaptationOptions())!;
        Assert.AreEqual((10, RejectionCause.NotSteadier), (rejection.Point.Iteration, rejection.Cause));
        Assert.AreEqual(0.604, rejection.Value);
        Assert.AreEqual(0.61, rejection.Limit, 1e-12);
    }

    [TestMethod]
    public void Of_SteadierWithFewerCells_SaysSo()
    {
        Rejection rejection = Rejection.Of(
            [Point(0, 0.6, 100), Point(10, 0.8, 80)], new AdaptationOptions { CellLossThreshold = 0.1 })!;
        Assert.AreEqual((RejectionCause.FewerCells, 80.0, 90.0), (rejection.Cause, rejection.Value, rejection.Limit));
    }

    [TestMethod]
    [DataRow(StopRule.Fn, 0.2, 0.1, RejectionCause.CellsLost)]
    [DataRow(StopRule.Embedding, 0.2, 0.7, RejectionCause.EmbeddingsMoved)]
    [DataRow(StopRule.Both, 0.2, 0.7, RejectionCause.CellsLost)]
    [DataRow(StopRule.Both, 0.01, 0.7, RejectionCause.EmbeddingsMoved)]
    public void Of_ThePapersRules_TheSignalThatIsBeyond(StopRule rule, double lost, double moved, RejectionCause cause)
    {
        EvaluationPoint beyond = new(10, new HeldOutSignals { FnRate = lost, EmbeddingDistance = moved, Cells = 90 });
        Rejection rejection = Rejection.Of([Point(0, 0.6, 100), beyond], new() { Stop = rule })!;
        Assert.AreEqual(cause, rejection.Cause);
        Assert.AreEqual(cause == RejectionCause.CellsLost ? lost : moved, rejection.Value);
    }

    private static EvaluationPoint Point(int iteration, double steadiness, int cells) =>
        new(iteration, new HeldOutSignals { Steadiness = steadiness, Cells = cells });
}
