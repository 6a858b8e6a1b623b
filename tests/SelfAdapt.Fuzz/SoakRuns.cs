using System.Diagnostics;
using System.Globalization;
using SelfAdapt.Engine;
using SelfAdapt.Files.Images;
using SelfAdapt.Segmentation.Simulation;

namespace SelfAdapt.Fuzz;

/// <summary>
/// Lets the tool work for long and watches its memory from outside: an adaptation of many steps, and a folder of many
/// images. Memory after the first fifty may not differ from memory at the end by more than one percent.
/// </summary>
internal static class SoakRuns
{
    private const int Early = 50;
    private const double Allowed = 0.01;

    /// <summary>Runs both, and tells what was measured.</summary>
    /// <param name="many">Steps, and images.</param>
    /// <param name="tool">The built tool, Adapt.dll.</param>
    /// <param name="output">Where the lines go.</param>
    /// <returns>0 when memory stayed flat in both.</returns>
    public static int Report(int many, string tool, TextWriter output)
    {
        if (many < 4 * Early)
        {
            output.WriteLine($"--soak needs at least {4 * Early} steps, to have an early and a late part.");
            return 1;
        }

        string scratch = Directory.CreateTempSubdirectory("selfadapt-soak-").FullName;
        try
        {
            string count = many.ToString(CultureInfo.InvariantCulture);
            bool flat = Segment("segment", sides: 1);

            // Told, not judged: blocks of many sizes keep the system's allocator moving up and down by some percent.
            Segment("segment, images of 49 sizes", sides: 7);
            string few = Simulated(Path.Combine(scratch, "few"), 40, smallest: 160, sides: 1);
            string adapted = Path.Combine(scratch, "adapted");
            flat &= Watch("adapt", many, tool, output, () => Steps(adapted), [
                "adapt", "--model", BuiltTool.Model(tool), "--images", few, "--out", adapted, "--diameter", "22",
                "--iterations", count, "--eval-every", "50", "--patience", "0", "--engine", "builtin"]);
            return flat ? 0 : 1;

            bool Segment(string what, int sides)
            {
                string folder = Simulated(Path.Combine(scratch, $"images{sides}"), many, smallest: 96, sides);
                string masks = Path.Combine(scratch, $"masks{sides}");
                return Watch(what, many, tool, output, () => Masks(masks), [
                    "segment", "--model", BuiltTool.Model(tool), "--images", folder, "--out", masks, "--diameter", "22",
                    "--engine", "builtin"]);
            }
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    /// <summary>Runs to the end; whether memory was the same in the last tenth as after the first fifty.</summary>
    private static bool Watch(string what, int many, string tool, TextWriter output, Func<int> progress, string[] args)
    {
        // Otherwise the runtime compiles a thousand methods anew after step 50: some megabytes of code, which come to an end.
        List<(int Done, long Bytes)> samples = [];
        using Process process = BuiltTool.Start(tool, args, compileOnce: true);
        while (!process.WaitForExit(TimeSpan.FromMilliseconds(100)))
        {
            process.Refresh();
            if (!process.HasExited && process.WorkingSet64 is > 0 and var bytes)
            {
                samples.Add((progress(), bytes));
            }
        }

        int part = many / 10;
        double[] early = Within(samples, Early, Early + part);
        double[] late = Within(samples, many - part, many);
        if (process.ExitCode != 0 || early.Length == 0 || late.Length == 0)
        {
            output.WriteLine($"{what}: exit code {process.ExitCode}, {samples.Count} samples: nothing was measured.");
            return false;
        }

        double change = (Median(late) / Median(early)) - 1;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: median {Median(early):f1} MB at {Early} to {Early + part} of {many}, {Median(late):f1} MB in the last "
            + $"{part}: {change:+0.0%;-0.0%}; highest {early.Max():f1} and {late.Max():f1} MB"));
        return change <= Allowed;
    }

    private static double[] Within(List<(int Done, long Bytes)> samples, int from, int to) =>
        [.. samples.Where(s => s.Done >= from && s.Done <= to).Select(s => s.Bytes / 1048576.0)];

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static int Steps(string folder)
    {
        string log = Path.Combine(folder, "run.jsonl");
        return File.Exists(log) ? File.ReadLines(log).Count(l => l.Contains("\"kind\":\"step\"")) : 0;
    }

    private static int Masks(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*_masks.*").Count() : 0;

    /// <summary>A folder of simulated images; each side is the smallest and up to (sides - 1) times 8 px more.</summary>
    private static string Simulated(string folder, int count, int smallest, int sides)
    {
        Directory.CreateDirectory(folder);
        RandomStream random = new(1);
        for (int i = 0; i < count; i++)
        {
            MicrographOptions options = MicrographOptions.Clean with
            {
                Height = smallest + (8 * random.NextIndex(sides)),
                Width = smallest + (8 * random.NextIndex(sides)),
                Nuclei = 8,
            };
            ImageFile.WriteTiff(
                Path.Combine(folder, $"m{i:d5}.tif"), MicrographSimulator.Simulate(options, (ulong)i).Image);
        }

        return folder;
    }
}
