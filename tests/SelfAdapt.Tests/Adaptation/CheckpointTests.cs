using SelfAdapt.Adaptation;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tests.Engine.Autodiff;

namespace SelfAdapt.Tests.Adaptation;

/// <summary>A run that was interrupted ends like one that was not, to the last bit.</summary>
[TestClass]
internal sealed class CheckpointTests
{
    private const string Fingerprint = "model, options, images";

    /// <summary>With these a network of random weights finds something; without a cell no run would begin.</summary>
    private static readonly SegmentationOptions Segmentation =
        new() { FlowThreshold = 0, CellprobThreshold = -100, MinSize = 1 };

    private static readonly AdaptationOptions Options = new()
    {
        Iterations = 10,
        Warmup = 2,
        EvalEvery = 3,
        BatchSize = 2,
        Crop = 32,
        LearningRate = 1e-3,
        Views = 2,
    };

    private static readonly Lazy<Network> Small =
        new(() => Network.Read(SmallNetworks.Cellpose(4, 20, 8)));

    private static readonly Lazy<IReadOnlyList<NamedImage>> Images = new(() =>
    [
        .. Enumerable.Range(0, 4).Select(i => new NamedImage($"m{i}", $"m{i}", MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Height = 64, Width = 64, Nuclei = 4 }, (ulong)i).Image))
    ]);

    private string _path = string.Empty;

    [TestInitialize]
    public void MakePath() => _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.ckpt");

    [TestCleanup]
    public void DeleteFile() => File.Delete(_path);

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(5)]
    [DataRow(9)]
    public void Resume_AfterAnyStep_GivesTheSameBits(int steps)
    {
        (AdaptationResult whole, List<StepPoint> wholeSteps) = Run(int.MaxValue, null);

        (AdaptationResult first, List<StepPoint> firstSteps) = Run(steps, null);
        Assert.AreEqual(StopReason.Cancelled, first.Reason);
        Assert.AreEqual(steps, first.Iterations);
        RunState state = CheckpointFile.Read(_path, Small.Value, Fingerprint).State;
        (AdaptationResult rest, List<StepPoint> restSteps) = Run(int.MaxValue, state);

        AssertSame(whole.Kept, rest.Kept);
        Assert.AreEqual(whole.KeptPoint, rest.KeptPoint);
        Assert.AreEqual(whole.Reason, rest.Reason);
        CollectionAssert.AreEqual(whole.Evaluations.ToArray(), rest.Evaluations.ToArray());
        CollectionAssert.AreEqual(
            wholeSteps.Select(s => s.Loss).ToArray(), firstSteps.Concat(restSteps).Select(s => s.Loss).ToArray());
        Assert.IsGreaterThan(first.Seconds, rest.Seconds);
    }

    [TestMethod]
    public void Resume_OtherImages_IsRefused()
    {
        Run(3, null);
        RunState state = CheckpointFile.Read(_path, Small.Value, Fingerprint).State;
        state = state with
        {
            Evaluations = [state.Evaluations[0] with { Signals = new LabelFreeSignals { Cells = 1234 } }],
        };
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(() => Run(int.MaxValue, state));
        Assert.AreEqual(ErrorKind.OtherRun, error.Kind);
        StringAssert.Contains(error.Message, "1234", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Read_OtherFingerprint_IsRefused()
    {
        Run(3, null);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => CheckpointFile.Read(_path, Small.Value, "another run"));
        Assert.AreEqual(ErrorKind.OtherRun, error.Kind);
    }

    [TestMethod]
    public void Read_LogLength_ComesBack()
    {
        Run(3, null);
        Assert.AreEqual(4711, CheckpointFile.Read(_path, Small.Value, Fingerprint).LogLength);
    }

    [TestMethod]
    public void Read_AnyBitFlippedOrCutOff_IsDamaged()
    {
        Run(3, null);
        byte[] whole = File.ReadAllBytes(_path);
        for (int i = 0; i < 64; i++)
        {
            // Every part of the file: letters, length, header, weights, checksum.
            int at = i < 16 ? i : i < 32 ? whole.Length - 1 - (i - 16) : (int)((long)whole.Length * (i - 32) / 32);
            byte[] flipped = [.. whole];
            flipped[at] ^= 1;
            AssertDamaged(flipped);
            AssertDamaged(whole[..at]);
        }

        AssertDamaged([.. whole, 0]);
        AssertDamaged([]);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Write_AnyOperationFails_LeavesTheOneBeforeWhole(bool half)
    {
        Run(3, null);
        byte[] before = File.ReadAllBytes(_path);
        RunState state = CheckpointFile.Read(_path, Small.Value, Fingerprint).State;
        int failing = 0;
        while (true)
        {
            using FaultyDisk disk = new(failing, half ? DiskFault.Half : DiskFault.Once);
            try
            {
                CheckpointFile.Write(_path, state with { Seconds = 1 }, Fingerprint, 0);
                Assert.IsTrue(disk.FolderFlushed);
                break;
            }
            catch (SelfAdaptException e)
            {
                Assert.AreEqual(ErrorKind.OutputNotWritable, e.Kind);
                CollectionAssert.AreEqual(before, File.ReadAllBytes(_path), $"operation {failing}");
                Assert.IsFalse(disk.LeftSomething, $"operation {failing}");
                Assert.IsFalse(disk.FolderFlushed);
                failing++;
            }
        }

        // Opening, thirteen writes (letters, length, header, nine arrays, checksum), flushing before the checksum and at the end, renaming.
        Assert.AreEqual(17, failing);
        Assert.AreEqual(1.0, CheckpointFile.Read(_path, Small.Value, Fingerprint).State.Seconds);
    }

    private void AssertDamaged(byte[] content)
    {
        File.WriteAllBytes(_path, content);
        SelfAdaptException error = Assert.ThrowsExactly<SelfAdaptException>(
            () => CheckpointFile.Read(_path, Small.Value, Fingerprint));
        Assert.AreEqual(ErrorKind.UnreadableInput, error.Kind);
        StringAssert.Contains(error.Message, "damaged", StringComparison.Ordinal);
    }

    /// <summary>Runs until so many steps are done, then asks for an end.</summary>
    private (AdaptationResult Result, List<StepPoint> Steps) Run(int steps, RunState? from)
    {
        using CpuBackend backend = new(2);
        using AdaptationLoop adapter = new(Small.Value, backend, Options, Segmentation);
        using CancellationTokenSource cancel = new();
        Counter counter = new(cancel, steps);
        Checkpointing checkpoints =
            new(state => CheckpointFile.Write(_path, state, Fingerprint, 4711), from);
        AdaptationResult result = adapter.Run(
            Images.Value, [], counter, cancel.Token, checkpoints);
        return (result, counter.Steps);
    }

    private static void AssertSame(WeightSnapshot expected, WeightSnapshot actual)
    {
        CollectionAssert.AreEqual(expected.Parameters, actual.Parameters);
        CollectionAssert.AreEqual(expected.Statistics, actual.Statistics);
    }

    private sealed class Counter(CancellationTokenSource cancel, int last) : IAdaptationObserver
    {
        public List<StepPoint> Steps { get; } = [];

        public void OnStep(StepPoint point)
        {
            Steps.Add(point);
            if (Steps.Count >= last)
            {
                cancel.Cancel();
            }
        }

        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights)
        {
        }
    }
}
