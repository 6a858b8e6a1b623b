using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Study;

/// <summary>
/// The adaptation study. Usage: PLAN [--jobs N] [--out FOLDER] [--shared FOLDER]; plans are in <see cref="Plans"/>.
/// A run that is in the plan's CSV file already is not made again.
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
        string outFolder = Option("--out", Path.Combine(repository, "benchmarks", "adaptation", "results"));
        int jobs = int.Parse(Option("--jobs", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture);
        if (args.Length == 0 || Plans.Find(args[0]) is not { } plan)
        {
            Console.Error.WriteLine($"usage: PLAN [--jobs N] [--out FOLDER] [--shared FOLDER]; plans: {Plans.Names}");
            return 2;
        }

        string cache = Path.Combine(repository, "artifacts", "study");
        ConcurrentDictionary<string, Lazy<Source>> sources = new();
        ConcurrentDictionary<string, Lazy<Target>> targets = new();
        ResultTable table = new(Path.Combine(outFolder, plan.Name + ".csv"));
        ConcurrentQueue<StudyRun> open = new(plan.Runs.Where(r => !table.Has(r)));
        Console.Error.WriteLine($"{plan.Name}: {plan.Runs.Count} runs, {open.Count} to do");
        Thread[] workers = [.. Enumerable.Range(0, jobs).Select(_ => new Thread(Work))];
        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        return 0;

        void Work()
        {
            while (open.TryDequeue(out StudyRun? run))
            {
                Source source = sources.GetOrAdd(
                    run.Source, n => new(() => Sources.Load(n, repository, shared, cache))).Value;
                Target target = targets.GetOrAdd(
                    run.Target, n => new(() => Targets.Load(n, Path.Combine(shared, "data")))).Value;
                int threads = Math.Max(1, Environment.ProcessorCount / jobs);
                table.Add(run, run.Execute(source, target, plan.Options, threads));
            }
        }
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
