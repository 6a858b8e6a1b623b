using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using SelfAdapt.Engine;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Fuzz;

/// <summary>
/// Kills adaptation runs at random moments and starts them again, until each has come to its end: every restart must go
/// on from the last saved state, and the end must be the same model and the same files as without a kill.
/// </summary>
internal static partial class KillRuns
{
    private const int EvalEvery = 3;

    private static readonly string[] Options =
    [
        "--diameter", "22", "--iterations", "18", "--eval-every", "3", "--crop", "32", "--batch-size", "2", "--views",
        "2", "--threads", "1", "--engine", "builtin",
    ];

    /// <summary>Kills so many times, and tells what was found.</summary>
    /// <param name="kills">Kills in all, over as many runs as it takes.</param>
    /// <param name="seed">Seed of the moments.</param>
    /// <param name="tool">The built tool, Adapt.dll.</param>
    /// <param name="output">Where the lines go.</param>
    /// <returns>0 when nothing was found.</returns>
    public static int Report(int kills, ulong seed, string tool, TextWriter output)
    {
        string scratch = Directory.CreateTempSubdirectory("selfadapt-kill-").FullName;
        try
        {
            return Report(kills, new RandomStream(seed), tool, scratch, output);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static int Report(int kills, RandomStream random, string tool, string scratch, TextWriter output)
    {
        string images = Path.Combine(scratch, "images");
        Directory.CreateDirectory(images);
        for (int i = 0; i < 4; i++)
        {
            Micrograph micrograph = MicrographSimulator.Simulate(
                MicrographOptions.Clean with { Height = 64, Width = 64, Nuclei = 5 }, (ulong)i);
            ImageFile.WriteTiff(Path.Combine(images, $"m{i}.tif"), micrograph.Image);
        }

        string[] start = ["adapt", "--model", BuiltTool.Model(tool), "--images", images, .. Options];
        string whole = Path.Combine(scratch, "whole");
        Stopwatch watch = Stopwatch.StartNew();
        if (Run(tool, [.. start, "--out", whole], Timeout.InfiniteTimeSpan) != 0)
        {
            output.WriteLine("The run without a kill failed.");
            return 1;
        }

        TimeSpan length = watch.Elapsed;
        List<string> faults = [];
        (int done, int runs, int resumed, int worstRepeat) = (0, 0, 0, 0);
        while (done < kills)
        {
            string folder = Path.Combine(scratch, $"run{runs++}");
            bool over = false;
            while (!over)
            {
                bool saved = File.Exists(Path.Combine(folder, "run.state"));
                worstRepeat = Math.Max(worstRepeat, saved ? LastStep(folder) - SavedStep(folder) : 0);
                string[] args = saved
                    ? ["adapt", "--config", Path.Combine(folder, "run.json"), "--out", folder, "--resume"]
                    : [.. start, "--out", folder, "--force"];
                TimeSpan moment = done < kills ? random.NextUniform() * length : Timeout.InfiniteTimeSpan;
                int code = Run(tool, args, moment);
                over = code == 0;
                done += code == Killed ? 1 : 0;
                resumed += saved ? 1 : 0;
                if (code is not (0 or Killed))
                {
                    faults.Add($"{folder}: exit code {code} of {string.Join(' ', args)}");
                    break;
                }
            }

            Compare(whole, folder, faults);
            Directory.Delete(folder, recursive: true);
        }

        if (worstRepeat > EvalEvery)
        {
            faults.Add($"{worstRepeat} steps were made again, more than an interval of {EvalEvery}.");
        }

        output.WriteLine(
            $"{done} kills in {runs} runs of {length.TotalSeconds:0.0} s, {resumed} starts from a saved state, at most "
            + $"{worstRepeat} steps made again; {faults.Count} faults");
        faults.ForEach(output.WriteLine);
        return faults.Count == 0 ? 0 : 1;
    }

    private const int Killed = -1;

    /// <summary>Runs the tool; -1 where it was killed.</summary>
    private static int Run(string tool, string[] args, TimeSpan limit)
    {
        using Process process = BuiltTool.Start(tool, args);
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return Killed;
        }

        process.WaitForExit();
        return process.ExitCode;
    }

    /// <summary>The last step in the log, 0 without one.</summary>
    private static int LastStep(string folder)
    {
        string log = Path.Combine(folder, "run.jsonl");
        return File.Exists(log)
            ? Steps().Matches(File.ReadAllText(log)).Select(m => int.Parse(m.Groups[1].ValueSpan)).DefaultIfEmpty(0).Max()
            : 0;
    }

    /// <summary>The step of the saved state, from its header.</summary>
    private static int SavedStep(string folder)
    {
        byte[] start = new byte[4096];
        using FileStream stream = File.OpenRead(Path.Combine(folder, "run.state"));
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return int.Parse(SavedIteration().Match(Encoding.Latin1.GetString(start, 0, read)).Groups[1].ValueSpan);
    }

    private static void Compare(string whole, string folder, List<string> faults)
    {
        string[] Files(string of) => [.. Directory.EnumerateFileSystemEntries(of).Select(f => Path.GetFileName(f)).Order()];
        if (!Files(whole).SequenceEqual(Files(folder)))
        {
            faults.Add($"{folder}: holds {string.Join(", ", Files(folder))}, not {string.Join(", ", Files(whole))}");
        }
        else if (!File.ReadAllBytes(Path.Combine(whole, "adapted.onnx")).AsSpan()
            .SequenceEqual(File.ReadAllBytes(Path.Combine(folder, "adapted.onnx"))))
        {
            faults.Add($"{folder}: another model than without a kill");
        }
        else if (LastStep(whole) != LastStep(folder) || Lines(whole) != Lines(folder))
        {
            faults.Add($"{folder}: another log than without a kill");
        }
    }

    private static int Lines(string folder) => File.ReadLines(Path.Combine(folder, "run.jsonl")).Count();

    [GeneratedRegex("\"Iteration\":(\\d+),\"CropPosition\"")]
    private static partial Regex SavedIteration();

    [GeneratedRegex("\"kind\":\"step\",\"iteration\":(\\d+)")]
    private static partial Regex Steps();
}
