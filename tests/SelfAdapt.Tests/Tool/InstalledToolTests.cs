using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using SelfAdapt.Imaging;

namespace SelfAdapt.Tests.Tool;

/// <summary>The packed tool, installed as a user does.</summary>
[TestClass]
public sealed class InstalledToolTests : IDisposable
{
    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public void Install_FromThePackedTool_SegmentsWithoutOnnxRuntime()
    {
        string configuration =
            AppContext.BaseDirectory.Contains("release", StringComparison.OrdinalIgnoreCase) ? "Release" : "Debug";
        string project = Path.Combine(RepositoryFolder.Root, "tools", "Adapt");
        Start("dotnet", "pack", project, "-c", configuration, "--no-build", "-o", _at.At("packed"));
        File.WriteAllText(
            _at.At("nuget.config"),
            $"<configuration><packageSources><clear /><add key=\"packed\" value=\"{_at.At("packed")}\" />"
            + "</packageSources></configuration>");
        Start(
            "dotnet", "tool", "install", "SelfAdapt.Tool", "--tool-path", _at.At("tools"), "--configfile",
            _at.At("nuget.config"));
        string tool = Directory.GetFiles(_at.At("tools"), "selfadapt*").Single();

        StringAssert.Contains(Start(tool, "--version"), "0.1.0", StringComparison.Ordinal);
        Start(tool, "segment", "--model", _at.Onnx(), "--images", _at.Images(1), "--out", _at.At("out"));
        Assert.AreEqual(48, LabelFile.Read(_at.At("out", "i0_img_cp_masks.tif")).Height);
    }

    private string Start(string program, params string[] arguments)
    {
        ProcessStartInfo info = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };

        // Packages of this test must not stay behind in the user's cache.
        info.Environment["NUGET_PACKAGES"] = _at.At("cache");
        info.Environment["SELFADAPT_ORT"] = _at.At("absent");
        info.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        info.Environment.Remove("MSBUILD_EXE_PATH");
        info.Environment.Remove("MSBuildSDKsPath");
        using Process process = Process.Start(info)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"{program} {string.Join(' ', arguments)}\n{output}{errors.Result}");
        return output;
    }
}
