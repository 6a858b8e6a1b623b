using System.Text.Json.Nodes;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Inputs;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Tool;

/// <summary>Memory that is refused: less of it once, then an error that says what was tried.</summary>
[TestClass]
internal sealed class MemoryTests : IDisposable
{
    // Where more blocks are taken than that, every so-manieth is refused.
    private const int MostRuns = 24;

    private readonly ToolRun _at = new();

    public void Dispose()
    {
        NativeBlock.Refuses = null;
        _at.Dispose();
    }

    [TestMethod]
    public void Adapt_AnyBlockRefusedOnce_HalfTheBatchOrASavedState()
    {
        int blocks = Blocks(() => ToolRun.Ok(Adapt("whole", 2)));
        ToolRun.Ok(Adapt("half", 1));
        byte[] whole = Model("whole");
        byte[] half = Model("half");
        (int halved, int resumed) = (0, 0);
        for (int refused = 0; refused < blocks; refused += Math.Max(1, blocks / MostRuns))
        {
            string name = $"refused{refused}";
            Refuse(refused);
            ToolResult result = ToolRun.Run(Adapt(name, 2));
            if (result.Code == ExitCode.Ok)
            {
                StringAssert.Contains(result.Error, "--batch-size 1 instead of 2", StringComparison.Ordinal);
                CollectionAssert.AreEqual(half, Model(name), $"block {refused}");
                JsonObject summary = ToolRun.Json(_at.At(name, "summary.json"));
                Assert.AreEqual(2, (int)summary["batch_size_lowered_from"]!);
                Assert.AreEqual(1, (int)summary["options"]!["batch_size"]!);
                Assert.AreEqual("1", (string)ToolRun.Json(_at.At(name, "run.json"))["options"]!["--batch-size"]!);
                halved++;
            }
            else
            {
                // After the first saved state nothing is thrown away: the run goes on from it.
                Assert.AreEqual(ExitCode.OutOfMemory, result.Code, result.Error);
                StringAssert.Contains(result.Error, "--resume", StringComparison.Ordinal);
                ToolRun.Ok(["adapt", "--config", _at.At(name, "run.json"), "--out", _at.At(name), "--resume"]);
                CollectionAssert.AreEqual(whole, Model(name), $"block {refused}");
                resumed++;
            }

            Assert.IsEmpty(Directory.GetFiles(_at.At(name), ".selfadapt-*"));
        }

        Console.WriteLine($"{blocks} blocks: {halved} runs halved, {resumed} resumed");
        Assert.IsGreaterThan(10, halved);
    }

    [TestMethod]
    public void Adapt_RefusedTwice_SaysWhatWasTried()
    {
        NativeBlock.Refuses = static bytes => bytes > 1000;
        ToolResult result = ToolRun.Expect(ExitCode.OutOfMemory, "--batch-size 4, and with 2 too", Adapt("out", 4));
        StringAssert.Contains(result.Error, "--crop", StringComparison.Ordinal);
        ToolRun.Expect(ExitCode.OutOfMemory, "no smaller batch", Adapt("one", 1));
    }

    [TestMethod]
    public void Adapt_RefusedWhileItGoesOn_KeepsItsState()
    {
        using CancellationTokenSource cancel = new();
        cancel.Cancel();
        Assert.AreEqual(ExitCode.Cancelled, ToolRun.Run(cancel.Token, Adapt("out", 2)).Code);
        byte[] state = File.ReadAllBytes(_at.At("out", "run.state"));

        Refuse(0);
        ToolRun.Expect(
            ExitCode.OutOfMemory, "--resume", "adapt", "--config", _at.At("out", "run.json"), "--out", _at.At("out"),
            "--resume");
        CollectionAssert.AreEqual(state, File.ReadAllBytes(_at.At("out", "run.state")));
    }

    [TestMethod]
    public void Segment_AnyBlockRefusedOnce_SameMasks()
    {
        ToolRun.Ok(Segment("warm", 4));
        int blocks = Blocks(() => ToolRun.Ok(Segment("whole", 4)));
        for (int refused = 0; refused < blocks; refused++)
        {
            Refuse(refused);
            ToolResult result = ToolRun.Ok(Segment($"refused{refused}", 4));
            StringAssert.Contains(result.Error, "--batch-size 2", StringComparison.Ordinal);
            foreach (string mask in Directory.GetFiles(_at.At("whole"), "*.tif"))
            {
                CollectionAssert.AreEqual(
                    File.ReadAllBytes(mask), File.ReadAllBytes(_at.At($"refused{refused}", Path.GetFileName(mask))));
            }
        }

        Assert.IsGreaterThan(0, blocks);
    }

    [TestMethod]
    public void Segment_RefusedTwice_NamesTheImage()
    {
        NativeBlock.Refuses = static bytes => bytes > 1000;
        ToolResult result = ToolRun.Expect(ExitCode.OutOfMemory, "i0_img.tif", Segment("out", 4));
        StringAssert.Contains(result.Error, "--batch-size 4, and with 2 too", StringComparison.Ordinal);
        ToolRun.Expect(ExitCode.OutOfMemory, "i0_img.tif: memory ran out", Segment("one", 1));
    }

    [TestMethod]
    public void Segment_NetworkCannotBeOpenedAgain_NextImageOpensItAnew()
    {
        ModelFile model = ModelFile.Load(_at.Onnx());
        Network network = model.Import(null);
        EngineRequest request = new() { Kind = EngineKind.Builtin, Device = new(DeviceKind.Cpu), Threads = 1 };
        Terminal terminal = new(TextWriter.Null, TextWriter.Null, interactive: false, CancellationToken.None);
        SegmentPlan plan = new(
            _at.At(), new HashSet<ResultKind> { ResultKind.Tif },
            new SegmentationOptions { BatchSize = 4, Diameter = 12, Threads = 1 }, 0, long.MaxValue, Force: false);
        using SegmentJournal journal = SegmentJournal.Open(_at.At(), "");
        SkippedFiles skipped = [];
        int opened = 0;
        using SegmentBatch batch = new(terminal, plan, Open, journal, skipped);
        Refuse(0);

        string[] files = Directory.GetFiles(_at.Images(2)).Order().ToArray();
        IReadOnlyList<SegmentedImage> results = batch.Run(files);

        Assert.AreEqual(3, opened);
        Assert.AreEqual(files[0], skipped.Single().File);
        Assert.AreEqual(files[1], results.Single().File);

        InferenceEngine Open() => ++opened == 2
            ? throw new InsufficientMemoryException()
            : InferenceEngine.Open(RunnableNetwork.Of(model, null), request, TextWriter.Null);
    }

    [TestMethod]
    public void Take_MoreThanTheMachineHas_IsRefused()
    {
        SelfAdaptException e = Assert.ThrowsExactly<SelfAdaptException>(() => new CpuMemory(1L << 60, "tests"));
        Assert.AreEqual(ErrorKind.OutOfMemory, e.Kind);
    }

    [TestMethod]
    public void Is_ErrorsOfMemory_AreTold()
    {
        Assert.IsTrue(MemoryShortage.Is(new InsufficientMemoryException()));
        Assert.IsTrue(MemoryShortage.Is(new AggregateException(new InsufficientMemoryException())));
        Assert.IsTrue(MemoryShortage.Is(new SelfAdaptException(ErrorKind.OutOfMemory, "a GPU's")));
        Assert.IsFalse(MemoryShortage.Is(new IOException()));
    }

    /// <summary>How many blocks are taken.</summary>
    private static int Blocks(Action run)
    {
        int taken = 0;
        NativeBlock.Refuses = _ =>
        {
            Interlocked.Increment(ref taken);
            return false;
        };
        run();
        NativeBlock.Refuses = null;
        return taken;
    }

    /// <summary>Refuses one block, the others are given.</summary>
    private static void Refuse(int number)
    {
        int taken = -1;
        NativeBlock.Refuses = _ => Interlocked.Increment(ref taken) == number;
    }

    private byte[] Model(string name) => File.ReadAllBytes(_at.At(name, "adapted.onnx"));

    private string[] Adapt(string name, int batch) =>
    [
        "adapt", "--model", _at.Onnx(), "--images", _at.Images(3), "--out", _at.At(name), "--iterations", "3",
        "--batch-size", $"{batch}", "--crop", "32", "--views", "2", "--eval-every", "2", "--stop", "none", "--diameter",
        "12", "--engine", "builtin", "--threads", "1",
    ];

    private string[] Segment(string name, int batch) =>
    [
        "segment", "--model", _at.Onnx(), "--images", _at.Images(2), "--out", _at.At(name), "--diameter", "12",
        "--batch-size", $"{batch}", "--engine", "builtin", "--threads", "1", "--flow-threshold", "0", "--min-size", "1",
    ];
}
