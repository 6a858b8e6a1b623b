using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Segmentation.Simulation;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Tool;

/// <summary>One large image shared out over tasks.</summary>
[TestClass]
internal sealed class SharedBlocksTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void LargeImage_AnyNumberOfTasks_TheBytesOfOneProcess()
    {
        WriteImages();
        ToolResult one = Segment("whole");
        Assert.AreEqual(ExitCode.Ok, one.Code, one.Error);
        Assert.AreEqual(ExitCode.Ok, Segment("whole", "--gather").Code);
        byte[] masks = File.ReadAllBytes(_at.At("whole", "large_cp_masks.tif"));
        byte[] small = File.ReadAllBytes(_at.At("whole", "small_cp_masks.tif"));
        byte[] table = File.ReadAllBytes(_at.At("whole", SegmentTables.Images));
        foreach (int count in (int[])[3, 4, 9])
        {
            string folder = $"of{count}";
            for (int number = count; number > 0; number--)
            {
                ToolResult part = Segment(folder, "--shard", $"{number}/{count}");
                Assert.AreEqual(ExitCode.Ok, part.Code, part.Error);
                StringAssert.Contains(part.Out, $"large: part {number}/{count}", StringComparison.Ordinal);
            }

            ToolResult joined = Segment(folder, "--gather");
            Assert.AreEqual(ExitCode.Ok, joined.Code, joined.Error);
            CollectionAssert.AreEqual(masks, File.ReadAllBytes(_at.At(folder, "large_cp_masks.tif")), $"{count} tasks");
            CollectionAssert.AreEqual(small, File.ReadAllBytes(_at.At(folder, "small_cp_masks.tif")), $"{count} tasks");
            CollectionAssert.AreEqual(table, File.ReadAllBytes(_at.At(folder, SegmentTables.Images)), $"{count} tasks");
            Assert.IsEmpty(Directory.GetFiles(_at.At(folder), "*.band*"));
        }
    }

    [TestMethod]
    public void Gather_BandsMissingOrDamaged_SaysHowManyAndTasksDoThoseAlone()
    {
        WriteImages();
        Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", "1/3").Code);
        Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", "2/3").Code);
        string[] bands = [.. Directory.GetFiles(_at.At("out"), "*.band*").Order(StringComparer.Ordinal)];
        Assert.IsNotEmpty(bands);
        byte[] damaged = File.ReadAllBytes(bands[0]);
        damaged[^20] ^= 1;
        File.WriteAllBytes(bands[0], damaged);
        ToolResult early = Segment("out", "--gather");
        Assert.AreEqual(ExitCode.NoUsableInput, early.Code, early.Error);
        StringAssert.Contains(early.Error, $"{bands.Length - 1} of ", StringComparison.Ordinal);
        StringAssert.Contains(early.Error, "rows of blocks", StringComparison.Ordinal);

        // Another number of tasks goes on with what is there.
        for (int number = 1; number <= 4; number++)
        {
            Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", $"{number}/4").Code);
        }

        Assert.AreEqual(ExitCode.Ok, Segment("out", "--gather").Code);
        Assert.IsTrue(File.Exists(_at.At("out", "large_cp_masks.tif")));
        Assert.IsEmpty(Directory.GetFiles(_at.At("out"), "*.band*"));
    }

    private void WriteImages()
    {
        Directory.CreateDirectory(_at.At("images"));
        Write("large", 4000, 200, 150);
        Write("small", 64, 64, 3);
    }

    private void Write(string name, int height, int width, int nuclei)
    {
        Micrograph micrograph = MicrographSimulator.Simulate(
            MicrographOptions.Clean with { Height = height, Width = width, Nuclei = nuclei }, 7);
        File.WriteAllBytes(
            _at.At("images", name + ".tif"), TiffWriter.Encode(
                SampleKind.UInt8, 1, height, width, [.. micrograph.Image.Pixels.Select(p => (byte)Math.Clamp(p, 0, 255))], ""));
    }

    private ToolResult Segment(string folder, params string[] more) => ToolRun.Run(
    [
        "segment", "--model", _at.Onnx(), "--images", _at.At("images"), "--out", _at.At(folder), "--diameter", "12",
        "--flow-threshold", "0", "--cellprob-threshold", "-100", "--min-size", "1", "--engine", "builtin", "--threads", "2",
        "--batch-size", "1", "--memory-limit", "400MB", .. more,
    ]);
}
