using System.Globalization;
using SelfAdapt.Tool;
using SelfAdapt.Tool.Interaction;

namespace SelfAdapt.Tests.Tool;

/// <summary>The same files come out under other cultures and from folders with names that programs trip over.</summary>
[TestClass]
internal sealed class OtherMachinesTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void AdaptAndSegment_DecimalCommaAndOtherMinus_SameFiles()
    {
        // The build carries no culture data (InvariantGlobalization), so the one that would hurt is made by hand.
        CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        comma.NumberFormat.NumberGroupSeparator = ".";
        comma.NumberFormat.NegativeSign = "\u2212";
        AdaptAndSegment("plain");
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = comma;
            CultureInfo.DefaultThreadCurrentCulture = comma;
            AdaptAndSegment("other");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
            CultureInfo.DefaultThreadCurrentCulture = null;
        }

        CompareFolders("plain", "other");
    }

    [TestMethod]
    [DataRow("tr_TR")]
    [DataRow("de_DE")]
    public void AdaptAndSegment_RealCulture_SameFiles(string culture)
    {
        // The tool as built carries no cultures; with this switch it takes those of the system.
        const string Switch = "\"System.Globalization.Invariant\": ";
        string tool = Path.ChangeExtension(typeof(Terminal).Assembly.Location, ".runtimeconfig.json");
        string config = File.ReadAllText(tool);
        StringAssert.Contains(config, Switch + "true", StringComparison.Ordinal);
        File.WriteAllText(_at.At("config.json"), config.Replace(Switch + "true", Switch + "false", StringComparison.Ordinal));
        Dictionary<string, string> language = new() { ["LANG"] = culture + ".UTF-8", ["LC_ALL"] = culture + ".UTF-8" };
        AdaptAndSegment("other", args =>
        {
            ToolResult result = ChildRun.Run(args, language, runtimeConfig: _at.At("config.json"));
            if (result.Error.Contains("valid ICU package", StringComparison.Ordinal))
            {
                Assert.Inconclusive("not run: this machine has no cultures either");
            }

            Assert.AreEqual(ExitCode.Ok, result.Code, result.Out + result.Error);
        });
        AdaptAndSegment("plain");
        CompareFolders("plain", "other");
    }

    [TestMethod]
    [DataRow("with space")]
    [DataRow("Zellkörper 細胞 🔬")]
    [DataRow("quote'and\"and$dollar&amp;")]
    public void AdaptAndSegment_FolderWithSuchAName_Works(string name)
    {
        if (OperatingSystem.IsWindows() && name.Contains('"', StringComparison.Ordinal))
        {
            Assert.Inconclusive("Windows has no such names.");
        }

        Directory.CreateDirectory(_at.At(name));
        AdaptAndSegment(Path.Combine(name, "out"));
        Assert.IsTrue(File.Exists(_at.At(name, "out", "adapted", "adapted.onnx")));
    }

    [TestMethod]
    public void AdaptAndSegment_PathOfMoreThan260Characters_Works()
    {
        string deep = string.Join(Path.DirectorySeparatorChar, Enumerable.Repeat(new string('n', 60), 6));
        Directory.CreateDirectory(_at.At(deep));
        AdaptAndSegment(Path.Combine(deep, "out"));
        Assert.IsTrue(File.Exists(_at.At(deep, "out", "adapted", "adapted.onnx")));
    }

    private void AdaptAndSegment(string name) => AdaptAndSegment(name, args => ToolRun.Ok(args));

    private void AdaptAndSegment(string name, Action<string[]> run)
    {
        string model = _at.Onnx();
        string images = _at.Images(3);

        // Turkish has another small letter for this one.
        File.Copy(Path.Combine(images, "i0_img.tif"), Path.Combine(images, "ISI.TIF"), overwrite: true);
        run([
            "adapt", "--model", model, "--images", images, "--out", _at.At(name, "adapted"), "--iterations", "2",
            "--batch-size", "2", "--crop", "32", "--views", "2", "--diameter", "12.5", "--stop", "none",
            "--learning-rate", "0.0005",
        ]);
        run([
            "segment", "--model", _at.At(name, "adapted", "adapted.onnx"), "--images", images, "--out",
            _at.At(name, "masks"), "--diameter", "12.5", "--flow-threshold", "0", "--cellprob-threshold", "-1.5",
            "--min-size", "1", "--format", "tif,png,rois,geojson,outlines,npy,csv",
        ]);
    }

    /// <summary>Same names, and the same bytes where neither a clock nor a path is in the file.</summary>
    private void CompareFolders(string first, string second)
    {
        string[] names = Names(first);
        CollectionAssert.AreEqual(names, Names(second));
        HashSet<string> told = [".jsonl", ".json", ".html"];
        foreach (string name in names.Where(n => !told.Contains(Path.GetExtension(n))))
        {
            CollectionAssert.AreEqual(
                File.ReadAllBytes(_at.At(first, name)), File.ReadAllBytes(_at.At(second, name)), name);
        }
    }

    private string[] Names(string folder) =>
    [
        .. Directory.EnumerateFiles(_at.At(folder), "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(_at.At(folder), f)).Order(StringComparer.Ordinal)
    ];
}
