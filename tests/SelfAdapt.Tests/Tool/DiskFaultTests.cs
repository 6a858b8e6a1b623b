using System.Text.Json.Nodes;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Segmenting;

namespace SelfAdapt.Tests.Tool;

/// <summary>
/// Every operation on the disk fails once in every verb that writes: an error with its exit code, whole files as they were
/// or as they should become, nothing half-written left behind.
/// </summary>
[TestClass]
internal sealed class DiskFaultTests : IDisposable
{
    private static readonly string[] Growing = ["run.jsonl", "train.jsonl", SegmentJournal.FileName];

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Adapt_AnyOperationFails_OldFilesOrNewOnes()
    {
        string[] run =
        [
            "adapt", "--model", _at.Checkpoint(), "--images", _at.Images(1), "--iterations", "2", "--batch-size", "1",
            "--crop", "32", "--views", "1", "--eval-every", "2", "--stop", "none", "--diameter", "12", "--engine",
            "builtin", "--keep-snapshots", "--force", "--json", _at.At("out", "result.json"), "--out", _at.At("out"),
        ];
        Try(run, "--seed", 1, failed =>
        {
            // A run that had saved a state goes on from it, and ends like one that nothing happened to.
            if (File.Exists(_at.At("out", "run.state")) && failed % 5 == 0)
            {
                ToolRun.Ok(
                    "adapt", "--config", _at.At("out", "run.json"), "--out", _at.At("out"), "--resume");
                CollectionAssert.AreEqual(
                    File.ReadAllBytes(_at.At("new", "adapted.onnx")), File.ReadAllBytes(_at.At("out", "adapted.onnx")));
            }
        });
    }

    [TestMethod]
    public void Segment_AnyOperationFails_OldFilesOrNewOnes() => Try(
        [
            "segment", "--model", _at.Onnx(), "--images", _at.Images(1), "--diameter", "12", "--engine", "builtin",
            "--flow-threshold", "0", "--format", "tif,png,flows,rois,geojson,outlines,npy,csv", "--force", "--json",
            _at.At("out", "result.json"), "--out", _at.At("out"),
        ],
        "--min-size", 1);

    [TestMethod]
    public void Train_AnyOperationFails_OldFilesOrNewOnes() => Try(
        [
            "train", "--images", _at.Images(2, "labels"), "--labels", _at.Masks(2), "--widths", "2,4,8", "--epochs", "1",
            "--batch-size", "1", "--diam-mean", "12", "--crop", "32", "--min-train-masks", "1", "--force", "--json",
            _at.At("out", "result.json"), "--out", _at.At("out"),
        ],
        "--seed", 1);

    [TestMethod]
    [DataRow("onnx", "m.onnx")]
    [DataRow("cellpose", "m")]
    [DataRow("bioimageio", "m.zip")]
    public void Export_AnyOperationFails_OldFilesOrNewOnes(string format, string file)
    {
        string[] more = format == "bioimageio"
            ? ["--image", Path.Combine(_at.Images(1), "i0_img.tif"), "--author", "A", "--licence", "MIT"]
            : [];
        Try(
            [
                "export", "--model", _at.Checkpoint(), "--format", format, .. more, "--force", "--json",
                _at.At("out", "result.json"), "--out", _at.At("out", file),
            ],
            "--diam-labels", 7);
    }

    /// <summary>
    /// Runs twice, with two values of an option, for the files before and those that should come; then lets each operation
    /// of the second run fail.
    /// </summary>
    private void Try(string[] run, string option, int value, Action<int>? after = null)
    {
        string[] second = [.. run, option, $"{value + 1}"];
        Directory.CreateDirectory(_at.At("out"));
        ToolRun.Ok([.. run, option, $"{value}"]);
        Copy("out", "old");
        int operations;
        using (FaultyDisk disk = new(int.MaxValue, DiskFault.Once))
        {
            ToolRun.Ok(second);
            operations = disk.Operations;
        }

        Copy("out", "new");
        DiskFault[] faults = Enum.GetValues<DiskFault>();
        for (int failing = 0; failing < operations; failing++)
        {
            Copy("old", "out");
            ToolResult result;
            bool left;
            using (FaultyDisk disk = new(failing, faults[failing % faults.Length]))
            {
                result = ToolRun.Run(second);
                left = disk.LeftSomething;
            }

            string told = $"operation {failing}: {result.Error}";
            if (result.Code == ExitCode.Ok)
            {
                // Where half of a write fails, or a full disk does, some operations pass.
                Assert.AreNotEqual(DiskFault.Once, faults[failing % faults.Length], told);
            }
            else
            {
                Assert.AreEqual(ExitCode.OutputNotWritable, result.Code, told);
                StringAssert.Contains(result.Error, _at.At("out"), StringComparison.Ordinal);
                StringAssert.Contains(result.Error, "can't be", StringComparison.Ordinal);
            }

            Assert.IsFalse(left, told);
            Compare(told);
            after?.Invoke(failing);
        }

        Console.WriteLine($"{operations} operations");
        Assert.IsGreaterThan(5, operations);
    }

    /// <summary>Each file is what it was or what it should be; those that carry times are whole.</summary>
    private void Compare(string told)
    {
        foreach (string path in Directory.GetFiles(_at.At("out"), "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(_at.At("out"), path);
            byte[] content = File.ReadAllBytes(path);
            if (name.EndsWith(".json", StringComparison.Ordinal))
            {
                Assert.IsNotNull(JsonNode.Parse(content), told);
            }
            else if (name.EndsWith(".html", StringComparison.Ordinal))
            {
                StringAssert.EndsWith(File.ReadAllText(path).TrimEnd(), "</html>", StringComparison.Ordinal);
            }
            else if (!Growing.Contains(name) && name is not ("run.state" or "m.zip"))
            {
                Assert.IsTrue(
                    Same("old", name, content) || Same("new", name, content), $"{name} is neither old nor new; {told}");
            }
        }

        foreach (string path in Directory.GetFiles(_at.At("old"), "*", SearchOption.AllDirectories))
        {
            Assert.IsTrue(File.Exists(_at.At("out", Path.GetRelativePath(_at.At("old"), path))), $"{path}; {told}");
        }
    }

    private bool Same(string folder, string name, byte[] content) =>
        File.Exists(_at.At(folder, name)) && content.AsSpan().SequenceEqual(File.ReadAllBytes(_at.At(folder, name)));

    private void Copy(string from, string to)
    {
        if (Directory.Exists(_at.At(to)))
        {
            Directory.Delete(_at.At(to), recursive: true);
        }

        Directory.CreateDirectory(_at.At(to));
        foreach (string path in Directory.GetFiles(_at.At(from), "*", SearchOption.AllDirectories))
        {
            string target = _at.At(to, Path.GetRelativePath(_at.At(from), path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }
}
