using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>Input that must stay as it is, and links where files are expected.</summary>
[TestClass]
internal sealed class ForeignInputTests : IDisposable
{
    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const string SetPriv = "/usr/bin/setpriv";
    private const string Unprivileged = "65534";

    private readonly ToolRun _at = new();

    public void Dispose()
    {
        foreach (string folder in ((string[])["images", "labels", ""]).Select(f => _at.At(f)).Where(Directory.Exists))
        {
            SetMode(folder, ReadOnly | Enter | UnixFileMode.UserWrite);
        }

        _at.Dispose();
    }

    [TestMethod]
    public void AllVerbs_InputsThatOthersRead_StayAsTheyAre()
    {
        string[] inputs = Inputs();
        DateTime[] times = [.. inputs.Select(File.GetLastWriteTimeUtc)];

        // Where sharing is enforced (Windows), whoever opened one of them for writing would be refused, too.
        FileStream[] held = [.. inputs.Select(f => new FileStream(f, FileMode.Open, FileAccess.Read, FileShare.Read))];
        try
        {
            AdaptAndSegment(Run);
        }
        finally
        {
            Array.ForEach(held, h => h.Dispose());
        }

        CollectionAssert.AreEqual(times, inputs.Select(File.GetLastWriteTimeUtc).ToArray());
        Assert.HasCount(2, Directory.GetFileSystemEntries(_at.At("images")));
        Assert.HasCount(2, Directory.GetFileSystemEntries(_at.At("labels")));

        static void Run(string[] args)
        {
            ToolRun.Ok(args);
        }
    }

    [TestMethod]
    public void AdaptAndSegment_ReadOnlyFoldersOfAnotherUser_AdaptsAndSaysWhereItCantWrite()
    {
        if (OperatingSystem.IsWindows() || (Environment.IsPrivilegedProcess && !File.Exists(SetPriv)))
        {
            Assert.Inconclusive("not run: it takes the rights of Unix, and setpriv to do without those of root");
        }

        foreach (string needed in (string[])[Environment.ProcessPath!, Path.GetTempPath()])
        {
            if (!OthersReach(needed))
            {
                Assert.Inconclusive($"not run: other users can't reach {needed}");
            }
        }

        // The checkout may lie where the other user can't go.
        CopyFolder(ChildRun.Folder, _at.At("tool"));

        foreach (string file in Inputs())
        {
            SetMode(file, ReadOnly);
        }

        Directory.CreateDirectory(_at.At("out"));
        SetMode(_at.At("out"), ReadOnly | Enter | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        SetMode(_at.At("images"), ReadOnly | Enter);
        SetMode(_at.At("labels"), ReadOnly | Enter);
        SetMode(_at.At(), ReadOnly | Enter);
        Child(ExitCode.Ok, Adapt());

        // Where results would go to the images' folder, which can't be written to.
        Child(ExitCode.OutputNotWritable, ["segment", "--model", _at.At("tiny.onnx"), "--images", _at.At("images")]);
    }

    [TestMethod]
    public void AdaptAndSegment_LinkedImagesModelAndOutputFolder_AreFollowed()
    {
        Inputs();
        Directory.CreateDirectory(_at.At("real"));
        Directory.CreateDirectory(_at.At("elsewhere"));
        File.Move(_at.At("images", "i0_img.tif"), _at.At("elsewhere", "a.tif"));
        File.CreateSymbolicLink(_at.At("images", "i0_img.tif"), _at.At("elsewhere", "a.tif"));
        File.CreateSymbolicLink(_at.At("linked.onnx"), _at.At("tiny.onnx"));
        Directory.CreateSymbolicLink(_at.At("out"), _at.At("real"));
        ToolRun.Ok(
            "segment", "--model", _at.At("linked.onnx"), "--images", _at.At("images"), "--out", _at.At("out"));
        Assert.IsTrue(File.Exists(_at.At("real", "i0_img_cp_masks.tif")));
    }

    [TestMethod]
    public void Segment_LinksInTheResultsPlaces_AreReplacedNotFollowed()
    {
        Inputs();
        File.WriteAllText(_at.At("precious"), "precious");
        Directory.CreateDirectory(_at.At("out"));
        foreach (string name in (string[])["i0_img_cp_masks.tif", "selfadapt_segment.jsonl", "i0_img_cp_masks.tif.unfinished"])
        {
            File.CreateSymbolicLink(_at.At("out", name), _at.At("precious"));
        }

        ToolRun.Ok(
            "segment", "--model", _at.At("tiny.onnx"), "--images", _at.At("images"), "--out", _at.At("out"), "--force");
        Assert.AreEqual("precious", File.ReadAllText(_at.At("precious")));
        Assert.IsNull(new FileInfo(_at.At("out", "i0_img_cp_masks.tif")).LinkTarget);
    }

    [TestMethod]
    public void Adapt_LinksInTheResultsPlaces_AreReplacedNotFollowed()
    {
        Inputs();
        File.WriteAllText(_at.At("precious"), "precious");
        Directory.CreateDirectory(_at.At("out"));
        string[] names = ["adapted.onnx", "run.jsonl", "run.json", "run.state", "summary.json", "report.html", ".lock"];
        foreach (string name in names)
        {
            File.CreateSymbolicLink(_at.At("out", name), _at.At("precious"));
        }

        ToolRun.Ok(Adapt());
        Assert.AreEqual("precious", File.ReadAllText(_at.At("precious")));
        Assert.IsFalse(names.Any(n => new FileInfo(_at.At("out", n)).LinkTarget is not null));
    }

    /// <summary>A model, images and labels: all files that are input.</summary>
    private string[] Inputs() =>
    [
        _at.Onnx(), .. Directory.GetFiles(_at.Images(2)).Order(StringComparer.Ordinal),
        .. Directory.GetFiles(_at.Masks(2)).Order(StringComparer.Ordinal),
    ];

    private static bool OthersReach(string path)
    {
        for (DirectoryInfo? folder = new(Path.GetDirectoryName(path)!); folder is not null; folder = folder.Parent)
        {
            if (!OperatingSystem.IsWindows() && (folder.UnixFileMode & UnixFileMode.OtherExecute) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        SetMode(to, ReadOnly | Enter | UnixFileMode.UserWrite);
        foreach (string file in Directory.GetFiles(from))
        {
            string copy = Path.Combine(to, Path.GetFileName(file));
            File.Copy(file, copy);
            SetMode(copy, ReadOnly);
        }

        foreach (string folder in Directory.GetDirectories(from))
        {
            CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
        }
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }

    private void AdaptAndSegment(Action<string[]> run)
    {
        run(Adapt());
        run(["segment", "--model", _at.At("tiny.onnx"), "--images", _at.At("images"), "--out", _at.At("out", "masks")]);
        run(["evaluate", "--predictions", _at.At("labels"), "--labels", _at.At("labels")]);
        run(["inspect", _at.At("tiny.onnx")]);
    }

    private string[] Adapt() =>
    [
        "adapt", "--model", _at.At("tiny.onnx"), "--images", _at.At("images"), "--labels", _at.At("labels"), "--out",
        _at.At("out"), "--force", "--iterations", "1", "--batch-size", "1", "--crop", "32", "--views", "1", "--stop",
        "none", "--diameter", "12", "--engine", "builtin",
    ];

    /// <summary>Runs the tool as a user without rights over these files.</summary>
    private void Child(ExitCode code, string[] args)
    {
        string[] other = Environment.IsPrivilegedProcess
            ? [SetPriv, $"--reuid={Unprivileged}", $"--regid={Unprivileged}", "--clear-groups"]
            : [];
        ToolResult result = ChildRun.Run(args, before: other, tool: _at.At("tool"));
        Assert.AreEqual(code, result.Code, result.Out + result.Error);
    }
}
