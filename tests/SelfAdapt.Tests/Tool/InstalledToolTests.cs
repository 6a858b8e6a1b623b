using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation;
using SelfAdapt.Tests.Tool.Viewer;
using SelfAdapt.Tool.Viewer;

namespace SelfAdapt.Tests.Tool;

/// <summary>The packed tool, installed as a user does.</summary>
[TestClass]
internal sealed class InstalledToolTests : IDisposable
{
    private const string Bash = "/bin/bash";

    private readonly ToolRun _at = new();

    public void Dispose() => _at.Dispose();

    [TestMethod]
    public async Task Install_FromThePackedTool_SegmentsAndViewsWithoutAnythingElse()
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
        if (File.Exists(Bash))
        {
            Assert.AreEqual("segment", Completed("selfadapt se"));
            Assert.AreEqual("--force --format", Completed("selfadapt export --f"));
            Assert.AreEqual("bioimageio cellpose onnx same", Completed("selfadapt export --format "));
        }

        if (WebRuntime.Find() is null)
        {
            Assert.Inconclusive("view not tried: " + WebRuntime.Missing);
        }

        Assert.IsTrue(Directory.GetFiles(_at.At("tools"), "LICENSE.txt", SearchOption.AllDirectories)
            .Any(f => File.ReadAllText(f).Contains("Microsoft Corporation", StringComparison.Ordinal)));
        await ViewServesTheRuntime(tool);
    }

    /// <summary>What bash offers behind a line, with the lines that docs/batch.md tells people to take.</summary>
    private string Completed(string line)
    {
        string[] documented = File.ReadAllLines(Path.Combine(RepositoryFolder.Root, "docs", "batch.md"));
        int first = Array.FindIndex(documented, l => l == "    _selfadapt() {");
        int last = Array.FindIndex(documented, first, l => l.StartsWith("    complete ", StringComparison.Ordinal));
        string[] words = line.Split(' ');
        string script = string.Join('\n', [
            .. documented[first..(last + 1)], $"PATH={_at.At("tools")}:$PATH", $"COMP_LINE='{line}'",
            $"COMP_POINT={line.Length}", $"COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))})",
            $"COMP_CWORD={words.Length - 1}", "_selfadapt", "echo ${COMPREPLY[*]}",
        ]);
        return Start(Bash, "--norc", "-c", script).Trim();
    }

    /// <summary>The page can try images: the run's settings are there, and the files that it loads.</summary>
    private static async Task ViewServesTheRuntime(string tool)
    {
        using ViewedRun run = new(new SegmentationOptions(), runtime: null);
        ProcessStartInfo info = new(tool, ["view", run.Folder, "--no-browser"]) { RedirectStandardOutput = true };
        info.Environment["PATH"] = Path.GetDirectoryName(Environment.ProcessPath!);
        using Process process = Process.Start(info)!;
        try
        {
            string? line = "";
            Match address = Match.Empty;
            while (!address.Success && (line = await process.StandardOutput.ReadLineAsync()) is not null)
            {
                address = Regex.Match(line, @"http://127.0.0.1:[0-9]+/\?key=[0-9a-f]+");
            }

            Assert.IsTrue(address.Success, "view told no address");
            using HttpClient client = new() { BaseAddress = new Uri(address.Value) };
            _ = await client.GetStringAsync(client.BaseAddress);
            JsonNode description = JsonNode.Parse(await client.GetStringAsync(new Uri("api/state", UriKind.Relative)))!["run"]!;
            Assert.IsNotNull(description["settings"], description.ToJsonString());
            foreach (string file in WebRuntime.Files)
            {
                CollectionAssert.AreEqual(
                    await File.ReadAllBytesAsync(Path.Combine(WebRuntime.Find()!, file)),
                    await client.GetByteArrayAsync(new Uri("ort/" + file, UriKind.Relative)), file);
            }
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
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
        info.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        info.Environment.Remove("MSBUILD_EXE_PATH");
        info.Environment.Remove("MSBuildSDKsPath");
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"{program} {string.Join(' ', arguments)}\n{output}{errors.Result}");
        return output;
    }
}
