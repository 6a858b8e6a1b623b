using System.Globalization;

namespace SelfAdapt.Study;

/// <summary>
/// The adaptation study. Usage: all | PLAN ... | tables | sizes | inputs [table] | powers | rank [table] | draw SOURCE TARGET FILE, then --jobs N, --out FOLDER, --shared
/// FOLDER; plans are in <see cref="Plans"/>. A run that is in its plan's CSV file already is not made again, so that a
/// study that was broken off goes on.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        string repository = Repository();
        string Option(string name, string otherwise)
        {
            int at = Array.IndexOf(args, name);
            return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
        }

        string shared = Option("--shared", Path.Combine(repository, "..", "shared"));
        string results = Option("--out", Path.Combine(repository, "benchmarks", "adaptation", "results"));
        int jobs = int.Parse(
            Option("--jobs", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture);
        string[] names = [.. args.TakeWhile(a => !a.StartsWith("--", StringComparison.Ordinal))];
        if (names is ["draw", string source, string target, string file])
        {
            new Study(repository, shared, 1).Draw(
                new StudyRun(source, target, "", 0), Plans.Find("real")!, file);
            return 0;
        }

        if (names is ["rank"] or ["rank", "table"])
        {
            RankTable table = new(Path.Combine(results, "rank.csv"));
            if (names.Length == 1)
            {
                table.Measure(repository, shared);
            }

            Console.Write(table.Correlations());
            return 0;
        }

        if (names is ["inputs"] or ["inputs", "table"])
        {
            InputTable table = new(Path.Combine(results, "inputs.csv"));
            if (names.Length == 1)
            {
                table.Measure(repository, shared);
            }

            Console.Write(table.Table());
            return 0;
        }

        if (names is ["sizes"])
        {
            SizeTable.Write(repository, shared);
            return 0;
        }

        if (names is ["images"])
        {
            new Study(repository, shared, jobs).WriteImages(Plans.Long);
            return 0;
        }

        if (names is ["powers"])
        {
            ResultTable table = new(Path.Combine(results, "powers.csv"), PowerRun.Header);
            foreach (Plan plan in Plans.Pairs.Select(p => Plans.Find(p)!))
            {
                new Study(repository, shared, jobs).Powers(plan with { Runs = [.. plan.Runs.Where(r => r.Seed == 0)] }, table);
            }

            return 0;
        }

        if (names is ["long", ..])
        {
            Plan plan = Plans.Long with { Runs = [.. Plans.Long.Runs.Where(r => names.Length == 1 || names.Contains(r.Source))] };
            new Study(repository, shared, jobs).Long(
                plan, new ResultTable(Path.Combine(results, "long.csv"), Trajectory.Header));
            return 0;
        }

        bool all = names is ["all"];
        Plan?[] plans = all ? [.. Plans.All] : [.. names.Where(n => n != "tables").Select(Plans.Find)];
        if (names.Length == 0 || plans.Contains(null))
        {
            Console.Error.WriteLine(
                "usage: all | PLAN ... | tables | sizes | inputs [table] | rank [table] | draw SOURCE TARGET FILE [--jobs N] [--out FOLDER] [--shared FOLDER]; plans: "
                + string.Join(", ", Plans.All.Select(p => p.Name)));
            return 2;
        }

        Study study = new(repository, shared, jobs);
        foreach (Plan? plan in plans)
        {
            study.Run(plan!, new ResultTable(Path.Combine(results, plan!.Name + ".csv")));
        }

        if (all || names.Contains("tables"))
        {
            Tables.Update(Path.Combine(repository, "docs", "results.md"), results);
        }

        return 0;
    }

    private static string Repository()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SelfAdapt.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("Run this from within the repository.");
    }
}
