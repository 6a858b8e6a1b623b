using System.CommandLine;
using System.Globalization;

namespace SelfAdapt.Fuzz;

/// <summary>The long form of the tests with bad files, random graphs, killed runs and long ones.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        Option<string> reader = new("--reader") { DefaultValueFactory = _ => "all" };
        Option<int> mutants = new("--mutants") { DefaultValueFactory = _ => 100_000 };
        Option<int> first = new("--first") { DefaultValueFactory = _ => 0 };
        Option<ulong> seed = new("--seed") { DefaultValueFactory = _ => 1 };
        Option<double> minutes = new("--minutes") { DefaultValueFactory = _ => 600 };
        Option<string> output = new("--out") { DefaultValueFactory = _ => "fuzz-violations" };
        Option<string?> truncate = new("--truncate");
        Option<int> graphs = new("--graphs");
        Option<int> kills = new("--kills");
        Option<int> soak = new("--soak");
        Option<string?> decode = new("--decode");
        Option<string> tool = new("--tool") { DefaultValueFactory = _ => "artifacts/bin/Adapt/release/Adapt.dll" };
        RootCommand root = new("Bad files for every reader, random graphs against ONNX Runtime, killed runs and long ones.")
        {
            reader, mutants, first, seed, minutes, output, truncate, graphs, kills, soak, tool, decode,
        };
        root.SetAction(parsed =>
        {
            TimeSpan limit = TimeSpan.FromMinutes(parsed.GetValue(minutes));
            ulong from = parsed.GetValue(seed);
            string folder = parsed.GetValue(output)!;
            if (parsed.GetValue(decode) is { } images)
            {
                return DecodedImages.Write(images, folder, Console.Out);
            }

            if (parsed.GetValue(kills) is > 0 and var many)
            {
                return KillRuns.Report(many, from, parsed.GetValue(tool)!, Console.Out);
            }

            if (parsed.GetValue(soak) is > 0 and var steps)
            {
                return SoakRuns.Report(steps, parsed.GetValue(tool)!, Console.Out);
            }

            if (parsed.GetValue(graphs) is > 0 and var count)
            {
                return GraphDifference.Report(count, from, folder, Console.Out);
            }

            string scratch = Directory.CreateTempSubdirectory("selfadapt-fuzz-").FullName;
            try
            {
                FuzzTargets targets = new(scratch);
                if (parsed.GetValue(truncate) is { } model)
                {
                    FuzzTarget onnx = targets.All.Single(t => t.Name == "onnx");
                    return Report([new FuzzRun(timed: true).Guarded(onnx, Truncations.Of(File.ReadAllBytes(model)))], folder);
                }

                string name = parsed.GetValue(reader)!;
                List<FuzzOutcome> outcomes = [];
                foreach (FuzzTarget target in targets.All.Where(t => name == "all" || name.Split(',').Contains(t.Name)))
                {
                    outcomes.Add(new FuzzRun(timed: true).Run(
                        target, from, parsed.GetValue(first), parsed.GetValue(mutants), limit));
                    Console.Error.WriteLine(Line(outcomes[^1]));
                }

                return Report(outcomes, folder);
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        });
        return root.Parse(args).Invoke();
    }

    private static int Report(IReadOnlyList<FuzzOutcome> outcomes, string folder)
    {
        Console.WriteLine("| Reader | Mutants | Accepted | Refused | Worst time, ms | Worst allocation, MB | Violations |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|");
        foreach (FuzzOutcome outcome in outcomes)
        {
            Console.WriteLine(Line(outcome));
            foreach (Violation violation in outcome.Violations)
            {
                Directory.CreateDirectory(folder);
                string file = Path.Combine(
                    folder, string.Create(CultureInfo.InvariantCulture, $"{outcome.Target}-{violation.Index}"));
                File.WriteAllBytes(file + ".bin", violation.Content);
                File.WriteAllText(file + ".txt", violation.What);
            }
        }

        return outcomes.Any(o => o.ViolationCount > 0) ? 1 : 0;
    }

    private static string Line(FuzzOutcome o) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {o.Target} | {o.Mutants} | {o.Accepted} | {o.Mutants - o.Accepted} | {o.WorstSeconds * 1e3:f0} "
        + $"| {o.WorstAllocation / 1048576.0:f1} | {o.ViolationCount} |");
}
