using SelfAdapt.Files;
using SelfAdapt.Files.Tiff;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Tool;

/// <summary>segment in parts, each a task of its own, and what joins them.</summary>
[TestClass]
internal sealed class SegmentShardTests : IDisposable
{
    private const int Images = 5;

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Shards_OfAnyNumber_LeaveTheFilesOfOneRunByteForByte()
    {
        WriteImages();
        Assert.AreEqual(ExitCode.Partly, Segment("whole").Code);
        ToolResult one = Segment("whole", "--gather");
        Assert.AreEqual(ExitCode.Partly, one.Code, one.Error);
        (string, string)[] expected = Results("whole");
        Assert.HasCount(2 * (Images + 2) + 2, expected, "masks and cells of each image, two tables");

        foreach (int count in (int[])[1, 3, 20])
        {
            string folder = $"of{count}";
            for (int number = count; number > 0; number--)
            {
                ToolResult part = Segment(folder, "--shard", $"{number}/{count}");
                Assert.IsTrue(part.Code is ExitCode.Ok or ExitCode.Partly, part.Error);
            }

            ToolResult joined = Segment(folder, "--gather", "--json", _at.At(folder + ".json"));
            Assert.AreEqual(ExitCode.Partly, joined.Code, joined.Error);
            CollectionAssert.AreEqual(expected, Results(folder), $"{count} parts");
            Assert.AreEqual(Images + 2, (int)ToolRun.Json(_at.At(folder + ".json"))["images"]!);
            foreach (string passedOver in (string[])["broken.tif", "blank.tif", "stack.tif"])
            {
                StringAssert.Contains(joined.Error, passedOver, StringComparison.Ordinal);
            }
        }
    }

    [TestMethod]
    public void Gather_MissesNothing()
    {
        _at.Images(Images);
        Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", "1/2").Code);
        ToolResult early = Segment("out", "--gather");
        Assert.AreEqual(ExitCode.NoUsableInput, early.Code, early.Error);
        StringAssert.Contains(early.Error, $"2 of {Images} image files", StringComparison.Ordinal);
        StringAssert.Contains(early.Error, "i1_img.tif", StringComparison.Ordinal);

        // Another number of parts goes on with what those before have left.
        ToolResult other = Segment("out", "--shard", "1/3");
        StringAssert.Contains(other.Error, "1 of 2 files were finished already", StringComparison.Ordinal);
        foreach (string part in (string[])["2/3", "3/3"])
        {
            Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", part).Code);
        }

        // A result that is no longer what was written is none; nor is one made with other options.
        string mask = _at.At("out", "i2_img_cp_masks.tif");
        byte[] whole = File.ReadAllBytes(mask);
        File.WriteAllBytes(mask, whole[..^1]);
        StringAssert.Contains(Segment("out", "--gather").Error, $"1 of {Images} image files", StringComparison.Ordinal);
        File.WriteAllBytes(mask, whole);
        StringAssert.Contains(
            Segment("out", "--gather", "--min-size", "3").Error, $"{Images} of {Images} image files", StringComparison.Ordinal);
        Assert.IsFalse(File.Exists(_at.At("out", SegmentTables.Images)), "no table of half a run");

        ToolResult joined = Segment("out", "--gather");
        Assert.AreEqual(ExitCode.Ok, joined.Code, joined.Error);
        Assert.AreEqual(
            SegmentJournal.FileName, Directory.GetFiles(_at.At("out"), "*.jsonl").Select(Path.GetFileName).Single(),
            "one journal is left");
        StringAssert.Contains(
            Segment("out").Error, $"{Images} of {Images} files were finished already", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Killed_BetweenAResultAndItsLine_GoesOn()
    {
        _at.Images(2);
        Assert.AreEqual(ExitCode.Ok, Segment("out", "--shard", "1/1").Code);
        string journal = _at.At("out", "selfadapt_segment.1-of-1.jsonl");
        string[] lines = File.ReadAllLines(journal);
        Assert.HasCount(4, lines, "each image begins and is finished");
        byte[] mask = File.ReadAllBytes(_at.At("out", "i1_img_cp_masks.tif"));

        // All of the results, or some, are there, and only their beginning is noted.
        File.WriteAllLines(journal, lines[..^1]);
        File.Delete(_at.At("out", "i1_img_cells.csv"));
        ToolResult again = Segment("out", "--shard", "1/1");
        Assert.AreEqual(ExitCode.Ok, again.Code, again.Error);
        StringAssert.Contains(again.Error, "1 of 2 files were finished already", StringComparison.Ordinal);
        CollectionAssert.AreEqual(mask, File.ReadAllBytes(_at.At("out", "i1_img_cp_masks.tif")));
        Assert.AreEqual(ExitCode.Ok, Segment("out", "--gather").Code);

        // What is there without any note is somebody else's, and so is a finished result that was changed.
        File.WriteAllLines(journal, lines[..2]);
        File.Delete(_at.At("out", SegmentJournal.FileName));
        Assert.AreEqual(ExitCode.OutputExists, Segment("out", "--shard", "1/1").Code);
        File.WriteAllLines(journal, lines);
        File.WriteAllBytes(_at.At("out", "i1_img_cp_masks.tif"), mask[..^1]);
        Assert.AreEqual(ExitCode.OutputExists, Segment("out", "--shard", "1/1").Code);
    }

    [TestMethod]
    public void Gather_FoldersBelow_AreNamedInOneTable()
    {
        _at.Images(2, Path.Combine("images", "A1"));
        _at.Images(3, Path.Combine("images", "A2"));
        foreach (string part in (string[])["1/2", "2/2"])
        {
            Assert.AreEqual(ExitCode.Ok, Segment("out", "--look-one-level-down", "--shard", part).Code);
        }

        Assert.AreEqual(ExitCode.Ok, Segment("out", "--look-one-level-down", "--gather").Code);
        string[] images = File.ReadAllLines(_at.At("out", SegmentTables.Images));
        Assert.AreEqual("image,file,cells", images[0]);
        CollectionAssert.AreEqual(
            (string[])["A1/i0_img", "A1/i1_img", "A2/i0_img", "A2/i1_img", "A2/i2_img"],
            images.Skip(1).Select(l => l.Split(',')[0]).ToArray());
        string[] cells = File.ReadAllLines(_at.At("out", SegmentTables.Cells));
        Assert.HasCount(1 + images.Skip(1).Sum(l => int.Parse(l.Split(',')[2])), cells);
        Assert.IsTrue(cells.All(l => l.Split(',').Length == cells[0].Split(',').Length));
    }

    [TestMethod]
    public void Shard_OfFolders_EveryFileFallsToOnePart()
    {
        SegmentFolder[] folders =
        [
            .. Enumerable.Range(0, 50).Select(f => new SegmentFolder(
                $"w{f}", $"o{f}", [$"w{f}/a.tif", $"w{f}/A.png", $"w{f}/b.tif", $"w{f}/c.tif"])),
        ];
        const int Count = 8;
        string[][] parts =
            [.. Enumerable.Range(1, Count).Select(n => new Shard(n, Count).Of(folders).SelectMany(f => f.Files).ToArray())];
        CollectionAssert.AreEquivalent(folders.SelectMany(f => f.Files).ToArray(), parts.SelectMany(p => p).ToArray());
        Assert.IsTrue(parts.All(p => p.Length is >= 18 and <= 38), string.Join(' ', parts.Select(p => p.Length)));
        Assert.IsTrue(
            parts.All(p => p.Count(f => f.EndsWith("a.tif", StringComparison.Ordinal)) == p.Count(f => f.EndsWith("A.png", StringComparison.Ordinal))),
            "files of one name stay together");
    }

    [TestMethod]
    [DataRow("0", "0", "7", "8", "1/8")]
    [DataRow("8", "1", "8", "8", "8/8")]
    [DataRow("30", "10", "50", "5", "3/5")]
    [DataRow("4", "3", "4", "2", "2/2")]
    [DataRow("6", "6", "6", "1", "1/1")]
    [DataRow("5", "1", "5", "3", "3/3")]
    [DataRow("5", "1", "7", "3", null)]
    [DataRow("6", "1", "6", "3", null)]
    [DataRow("2", null, "7", "8", null)]
    public void Shard_OfSlurmsArray(string id, string? least, string most, string count, string? expected)
    {
        Shard asked = Shard.Parse("slurm")!;
        string? Variable(string name) => name switch
        {
            "SLURM_ARRAY_TASK_ID" => id,
            "SLURM_ARRAY_TASK_MIN" => least,
            "SLURM_ARRAY_TASK_MAX" => most,
            "SLURM_ARRAY_TASK_COUNT" => count,
            _ => null,
        };
        if (expected is null)
        {
            Assert.AreEqual(ErrorKind.InvalidOption, Assert.ThrowsExactly<SelfAdaptException>(() => asked.Resolve(Variable)).Kind);
        }
        else
        {
            Assert.AreEqual(expected, asked.Resolve(Variable).ToString());
        }
    }

    [TestMethod]
    [DataRow("0/8")]
    [DataRow("9/8")]
    [DataRow("1")]
    [DataRow("1/8/2")]
    [DataRow("-1/8")]
    [DataRow("all")]
    public void Shard_OtherWords_AreRefused(string word) =>
        ToolRun.Expect(ExitCode.Usage, "--shard", "segment", "--model", "m", "--images", "i", "--shard", word);

    [TestMethod]
    public void Shard_WithGatherOrOutsideSlurm_IsRefused()
    {
        _at.Images(1);
        foreach (string[] words in (string[][])[["--shard", "1/2", "--gather"], ["--gather", "--force"], ["--shard", "slurm"]])
        {
            ToolResult result = Segment("out", words);
            Assert.AreEqual(ExitCode.Usage, result.Code, result.Error);
        }
    }

    /// <summary>Two of one name, a stack with an empty plane, and files of which nothing can be used.</summary>
    private void WriteImages()
    {
        _at.Images(Images);
        File.Copy(_at.At("images", "i1_img.tif"), _at.At("images", "i0_img.tiff"));
        File.WriteAllText(_at.At("images", "broken.tif"), "no picture");
        byte[] planes = [.. Enumerable.Range(0, 2 * 48 * 48).Select(i => (byte)(i < 48 * 48 ? i % 48 * 5 : 9))];
        File.WriteAllBytes(_at.At("images", "stack.tif"), TiffWriter.Encode(SampleKind.UInt8, 2, 48, 48, planes, "ImageJ=1.11a\nimages=2\nslices=2\n"));
        File.WriteAllBytes(_at.At("images", "blank.tif"), TiffWriter.Encode(SampleKind.UInt8, 1, 48, 48, planes.AsSpan(48 * 48), ""));
    }

    private ToolResult Segment(string folder, params string[] more) => ToolRun.Run(
        ["segment", "--model", _at.Onnx(), "--images", _at.At("images"), "--out", _at.At(folder), "--format", "tif,csv",
            "--cellprob-threshold", "-9", "--flow-threshold", "0", .. more]);

    /// <summary>Everything but the journal.</summary>
    private (string, string)[] Results(string folder) =>
    [
        .. Directory.GetFiles(_at.At(folder)).Where(f => !f.EndsWith(".jsonl", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetFileName(f), Convert.ToHexString(File.ReadAllBytes(f)))),
    ];
}
