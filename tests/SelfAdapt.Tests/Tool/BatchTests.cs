using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tests.Tool;

/// <summary>segment on many and on large images.</summary>
[TestClass]
internal sealed class BatchTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Segment_BrokenOffRun_DoesOnlyWhatIsMissing()
    {
        _at.Images(3);
        Assert.AreEqual(ExitCode.Ok, Segment().Code);
        byte[] first = File.ReadAllBytes(Mask(0));
        DateTime written = File.GetLastWriteTimeUtc(Mask(0));
        File.Delete(Mask(1));
        byte[] whole = File.ReadAllBytes(Mask(2));
        File.WriteAllBytes(Mask(2), whole[..^3]);

        // A result that is no longer as it was written is somebody else's: it is not written over.
        Assert.AreEqual(ExitCode.OutputExists, Segment().Code);
        File.Delete(Mask(2));
        ToolResult again = Segment();

        Assert.AreEqual(ExitCode.Ok, again.Code, again.Error);
        StringAssert.Contains(again.Error, "1 of 3 files were finished already", StringComparison.Ordinal);
        Assert.IsFalse(again.Out.Contains("i0_img:", StringComparison.Ordinal), again.Out);
        Assert.AreEqual(3, (int)ToolRun.Json(_at.At("r.json"))["images"]!);
        CollectionAssert.AreEqual(first, File.ReadAllBytes(Mask(0)));
        Assert.AreEqual(written, File.GetLastWriteTimeUtc(Mask(0)));
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(Mask(2)));
    }

    [TestMethod]
    public void Segment_OtherOptionsOrImage_IsNotTakenForDone()
    {
        _at.Images(1);
        Assert.AreEqual(ExitCode.Ok, Segment().Code);
        Assert.AreEqual(ExitCode.Ok, Segment("--threads", "1", "--batch-size", "2").Code);
        Assert.AreEqual(ExitCode.OutputExists, Segment("--diameter", "20").Code);
        File.SetLastWriteTimeUtc(_at.At("images", "i0_img.tif"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.AreEqual(ExitCode.OutputExists, Segment().Code);
        Assert.AreEqual(ExitCode.Ok, Segment("--force").Code);
        StringAssert.Contains(Segment().Error, "1 of 1 files", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_DamagedJournal_IsAsNone()
    {
        _at.Images(1);
        Directory.CreateDirectory(_at.At("out"));
        File.WriteAllText(
            _at.At("out", "selfadapt_segment.jsonl"),
            "{\n[]\n{\"file\":1}\n{\"file\":\"a\",\"file\":\"b\"}\n{\"file\":\"a\",\"images\":[{}]}\n");
        Assert.AreEqual(ExitCode.Ok, Segment().Code);
        StringAssert.Contains(Segment().Error, "1 of 1 files", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Segment_BeyondTheMemoryLimit_IsDoneInPartsWithTheSameCells()
    {
        _at.Images(1);
        Assert.AreEqual(ExitCode.Ok, Segment("--cellprob-threshold", "-9", "--flow-threshold", "0").Code);
        LabelImage whole = LabelFile.Read(Mask(0));

        // One tile at a time takes little: the limit lies between an image in parts and as a whole.
        Directory.CreateDirectory(_at.At("images"));
        Image large = new(1, 1500, 1500, [.. Enumerable.Range(0, 1500 * 1500).Select(i =>
            (float)(100 + (90 * Math.Sin(i % 1500 / 9.0) * Math.Sin(i / 1500 / 9.0))))]);
        ImageFile.WriteTiff(_at.At("images", "large.tif"), large);
        ToolResult parts = Segment("--batch-size", "1", "--memory-limit", "500MB", "--diameter", "12", "--force");
        Assert.AreEqual(ExitCode.Ok, parts.Code, parts.Error);
        LabelImage streamed = LabelFile.Read(_at.At("out", "large_cp_masks.tif"));
        ToolResult inMemory = Segment("--batch-size", "1", "--diameter", "12", "--force");
        Assert.AreEqual(ExitCode.Ok, inMemory.Code, inMemory.Error);
        LabelImage reference = LabelFile.Read(_at.At("out", "large_cp_masks.tif"));

        Assert.AreEqual(reference.Labels.Max(), streamed.Labels.Max());
        CollectionAssert.AreEqual(
            Array.ConvertAll(reference.Labels, l => l > 0), Array.ConvertAll(streamed.Labels, l => l > 0));
        Assert.HasCount(48 * 48, whole.Labels);
    }

    [TestMethod]
    public void Segment_LargeImageBrokenOff_GoesOnWhereItStopped()
    {
        Directory.CreateDirectory(_at.At("images"));
        Image tall = new(1, 4000, 200, [.. Enumerable.Range(0, 4000 * 200).Select(i =>
            (float)(100 + (90 * Math.Sin(i % 200 / 9.0) * Math.Sin(i / 200 / 9.0))))]);
        ImageFile.WriteTiff(_at.At("images", "i0_img.tif"), tall);
        string[] parts = ["--batch-size", "1", "--memory-limit", "400MB", "--diameter", "12"];
        Assert.AreEqual(ExitCode.Ok, Segment(parts).Code);
        byte[] whole = File.ReadAllBytes(Mask(0));
        Directory.Delete(_at.At("out"), recursive: true);

        using CancellationTokenSource cancel = new();
        Task<ToolResult> first = Task.Run(() => Segment(parts, cancel.Token));
        string unfinished = Mask(0) + ".unfinished";
        while (!first.IsCompleted && !(File.Exists(unfinished) && new FileInfo(unfinished).Length > 1000))
        {
            // This thread is the test's own, so that no queue of work keeps it from looking.
            Thread.Sleep(1);
        }

        cancel.Cancel();
        Assert.AreEqual(ExitCode.Cancelled, first.GetAwaiter().GetResult().Code);
        Assert.IsFalse(File.Exists(Mask(0)));
        ToolResult second = Segment(parts);
        Assert.AreEqual(ExitCode.Ok, second.Code, second.Error);
        StringAssert.Contains(second.Error, "goes on after row", StringComparison.Ordinal);
        CollectionAssert.AreEqual(whole, File.ReadAllBytes(Mask(0)));
        Assert.IsFalse(File.Exists(unfinished));
    }

    [TestMethod]
    public void Progress_TimeLeft_CountsOnlyWhatTookTime()
    {
        BatchProgress progress = new(new ProgressLine(TextWriter.Null, interactive: false), 4);
        progress.Next(worked: false);
        progress.Next(worked: true);
        Assert.AreEqual("2/4 files  left 20 s", progress.Line("", 0, TimeSpan.FromSeconds(10)));

        // An earlier run had done a fifth of this file: 1.3 files took 26 s, 1.5 are left.
        progress.Within("x", 0.2);
        Assert.AreEqual("2/4 files, half  left 30 s", progress.Line(", half", 0.5, TimeSpan.FromSeconds(26)));
    }

    [TestMethod]
    public void Segment_InPartsWithOtherFormats_IsPassedOverWithTheReason()
    {
        Directory.CreateDirectory(_at.At("images"));
        ImageFile.WriteTiff(
            _at.At("images", "large.tif"), new Image(1, 900, 900, [.. Enumerable.Range(0, 810_000).Select(i => (float)(i % 97))]));
        ToolResult result = Segment("--memory-limit", "50MB", "--format", "tif,csv");
        Assert.AreEqual(ExitCode.OutOfMemory, result.Code);
        StringAssert.Contains(result.Error, "only --format tif", StringComparison.Ordinal);
        ToolRun.Expect(
            ExitCode.Usage, "2GB or 500MB", "segment", "--model", "m", "--images", "i", "--memory-limit", "much");
    }

    private ToolResult Segment(params string[] more) => Segment(more, CancellationToken.None);

    private ToolResult Segment(string[] more, CancellationToken cancelled) => ToolRun.Run(
        cancelled,
        ["segment", "--model", _at.Onnx(), "--images", _at.At("images"), "--out", _at.At("out"), "--json",
            _at.At("r.json"), .. more]);

    private string Mask(int image) => _at.At("out", $"i{image}_img_cp_masks.tif");
}
