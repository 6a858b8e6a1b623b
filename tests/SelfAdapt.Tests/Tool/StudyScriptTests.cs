using System.Diagnostics;
using SelfAdapt.Tool;

namespace SelfAdapt.Tests.Tool;

/// <summary>
/// The scripts of the studies that take hours, with a program that only pretends: what they ask of it the real one would take, and
/// every result is written down once.
/// </summary>
[TestClass]
internal sealed class StudyScriptTests : IDisposable
{
    // Notes the words, makes the folder, and answers what the scripts read.
    private const string Pretender =
        """
        #!/usr/bin/env bash
        (IFS=$'\t'; echo "$*") >> "$(dirname "$0")/calls"
        while [ $# -gt 0 ]; do
            case $1 in
                --out) mkdir -p "$2"; echo '{"dice": 0.5, "soft_dice": 0.5, "consensus": null, "judged_images": 2}' > "$2/summary.json" ;;
                --json) echo '{"foreground_f1": 0.5, "ap50": 0.5, "vi": 1.5, "images": 2}' > "$2" ;;
            esac
            shift
        done
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("selfadapt-scripts-").FullName;

    public StudyScriptTests()
    {
        Put("em_mito_neuropil", ["a", "b", "c"], ["source", "adapt", "judge"], "img", "masks");
        Put("em_mito", [.. Enumerable.Range(0, 20).Select(i => $"vnc_{i:D2}")], [], "img", "masks");
        Put("t98g_phase", ["d", "e"], ["adapt", "judge"], "img", "masks");
        Put("livecell/annotated", ["f"], [], "img", "masks");
        Put("fluo", [.. Enumerable.Range(0, 60).Select(i => $"g{i:D2}")], [], "img", "masks");
        Put("other", [.. Enumerable.Range(0, 9).Select(i => $"h{i}")], [], "img", "masks");
        File.WriteAllText(
            At("index.json"),
            $"[{string.Join(',', Directory.GetFiles(At("fluo")).Concat(Directory.GetFiles(At("other"))).Where(f => f.EndsWith("_img.png", StringComparison.Ordinal))
                .Select(f => $$"""{"name": "{{Path.GetFileName(f)[..^8]}}", "folder": "{{Path.GetFileName(Path.GetDirectoryName(f))}}", "height": 256}"""))}]");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow("strokes/run.sh", "{data} {work} 0", 2 + (2 * 2))]
    [DataRow("strokes/mitochondria.sh", "{data} {work} 0", 2 * 9)]
    [DataRow("strokes/membranes.sh", "{data} {data} {work} 0", 5)]
    [DataRow("probabilistic/run.sh", "{data} {work} 0 'grainy t98g'", 2 * (3 + 12 + 3 + 8 + 1))]
    public void EveryResult_IsAskedForInWordsThatTheToolKnows(string script, string words, int results)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("not run: the scripts are for Linux");
        }

        File.WriteAllText(At("tool"), Pretender.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At("tool"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        // The images of membranes are there: they are made by a library that a machine may lack.
        Directory.CreateDirectory(At("work"));
        File.WriteAllText(At("work", "isbi.done"), "");
        Run(script, words);
        string[] rows = File.ReadAllLines(At("work", "scores.csv"));
        Assert.HasCount(1 + results, rows);
        Assert.HasCount(rows.Length, rows.Select(r => string.Join(',', r.Split(',').TakeWhile(f => !f.StartsWith("0.", StringComparison.Ordinal)))).Distinct());
        Assert.IsTrue(Array.TrueForAll(rows, r => r.Split(',').Length == rows[0].Split(',').Length), string.Join('\n', rows));

        string[] calls = File.ReadAllLines(At("calls"));
        foreach (string call in calls.Distinct())
        {
            ToolResult result = ToolRun.Run([.. call.Split('\t')]);
            Assert.AreNotEqual(ExitCode.Usage, result.Code, call.Replace('\t', ' ') + "\n" + result.Error);
        }

        // Again: nothing is made or judged twice.
        Run(script, words);
        Assert.HasCount(calls.Length, File.ReadAllLines(At("calls")));
        CollectionAssert.AreEqual(rows, File.ReadAllLines(At("work", "scores.csv")));
    }

    private void Run(string script, string words)
    {
        string path = Path.Combine(RepositoryFolder.Root, "benchmarks", script);
        ProcessStartInfo start = new(
            "bash", ["-c", $"'{path}' {words.Replace("{data}", $"'{_folder}'", StringComparison.Ordinal).Replace("{work}", $"'{At("work")}'", StringComparison.Ordinal)} 2>&1"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["TOOL"] = At("tool");
        using Process bash = Process.Start(start)!;
        string output = bash.StandardOutput.ReadToEnd();
        bash.WaitForExit();
        Assert.AreEqual(0, bash.ExitCode, output);
    }

    /// <summary>A set of empty images with the parts that they are in.</summary>
    private void Put(string set, string[] names, string[] splits, params string[] endings)
    {
        Directory.CreateDirectory(At(set));
        foreach (string file in names.SelectMany(n => endings.Select(e => $"{n}_{e}.png")))
        {
            File.WriteAllBytes(At(set, file), []);
        }

        File.WriteAllText(
            At(set, "index.json"),
            $"[{string.Join(',', names.Zip(splits, (n, s) => $$"""{"name": "{{n}}", "split": "{{s}}"}"""))}]");
    }

    private string At(params string[] parts) => Path.Combine([_folder, .. parts]);
}
