using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>export --format bioimageio and inspect on what it writes.</summary>
[TestClass]
internal sealed class PackageVerbTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Export_BioImageIo_IsWhatInspectTakes()
    {
        string image = Path.Combine(_at.Images(1), "i0_img.tif");
        ToolRun.Ok(
            "export", "--model", _at.Onnx(), "--format", "bioimageio", "--image", image, "--author", "A", "--author",
            "B", "--licence", "MIT", "--out", _at.At("package.zip"));
        ToolResult inspect = ToolRun.Run("inspect", _at.At("package.zip"), "--json", _at.At("r.json"));

        Assert.AreEqual(ExitCode.Ok, inspect.Code, inspect.Error);
        StringAssert.Contains(inspect.Out, "0 errors, 0 hints", StringComparison.Ordinal);
        Assert.IsTrue((bool)ToolRun.Json(_at.At("r.json"))["valid"]!);
        ToolRun.Expect(
            ExitCode.ModelUnsupported, "Unpack it", "segment", "--model", _at.At("package.zip"), "--images",
            _at.At("images"));
    }

    [TestMethod]
    public void Export_PackageOptions_GoWithPackagesOnly()
    {
        ToolRun.Expect(
            ExitCode.Usage, "needs --image", "export", "--model", "m", "--format", "bioimageio", "--out", "o.zip");
        ToolRun.Expect(
            ExitCode.Usage, "--author goes with --format bioimageio", "export", "--model", "m", "--author", "A", "--out",
            "o.zip");
    }
}
