using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine.Autodiff;

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
        int[] due = [.. Enumerable.Range(1, steps).Where(s => LookSchedule.IsDue(s, steps, every))];
        Assert.AreEqual(looks, string.Join(' ', due));
        int next = 0;
        foreach (int look in due)
        {
            Assert.AreEqual(look, next = LookSchedule.Next(next, steps, every));
        }
    }

    [TestMethod]
    [DataRow(0, 6, StopReason.Completed)]
    [DataRow(600, 6, StopReason.Completed)]
    [DataRow(1e-9, 2, StopReason.Time)]
    public void Run_NextLookAfterTheTime_EndsBeforeIt(double minutes, int steps, StopReason reason)
    {
        AdaptationOptions options = new()
        {
            Iterations = 6,
            Warmup = 1,
            EvalEvery = 2,
            BatchSize = 1,
            Crop = 32,
            Views = 2,
            Minutes = minutes,
        };
        Network network = Network.Read(SmallNetworks.Cellpose(4, 20, 8));
        using CpuBackend backend = new(1);
        SegmentationOptions everything = new() { Gamma = 1, FlowThreshold = 0, CellprobThreshold = -100, MinSize = 1 };
        using AdaptationLoop loop = new(network, backend, options, everything);
        AdaptationResult result = loop.Run(
            [
                .. Enumerable.Range(0, 3).Select(i => new NamedImage($"m{i}", $"m{i}", MicrographSimulator.Simulate(
                    MicrographOptions.Clean with { Height = 48, Width = 48, Nuclei = 3 }, (ulong)i).Image))
            ]);
        Assert.AreEqual(steps, result.Iterations);
        Assert.AreEqual(reason, result.Reason);
        Assert.AreEqual(steps, result.Evaluations[^1].Iteration);
    }
}
