using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Tests.Adaptation;

[TestClass]
internal sealed class LookScheduleTests
{
    [TestMethod]
    [DataRow(0, 500, "10 20 40 60 80 120 160 240 320 480 500")]
    [DataRow(0, 20, "10 20")]
    [DataRow(0, 7, "7")]
    [DataRow(30, 100, "30 60 90 100")]
    [DataRow(200, 100, "100")]
    public void IsDue_StepByStep_GivesTheLooks(int every, int steps, string looks)
    {
        AdaptationOptions options = new() { Iterations = steps, EvalEvery = every };
        int[] due = [.. Enumerable.Range(1, steps).Where(s => LookSchedule.IsDue(s, options))];
        Assert.AreEqual(looks, string.Join(' ', due));
        int next = 0;
        foreach (int look in due)
        {
            Assert.AreEqual(look, next = LookSchedule.Next(next, options));
        }
    }
}
