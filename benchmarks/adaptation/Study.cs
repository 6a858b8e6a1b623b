using System.Collections.Concurrent;

namespace SelfAdapt.Study;

/// <summary>Makes the runs of plans, several at a time.</summary>
/// <param name="repository">The checkout.</param>
/// <param name="shared">The folder with data and models.</param>
/// <param name="jobs">Runs at a time; the processors are shared out among them.</param>
internal sealed class Study(string repository, string shared, int jobs)
{
    private readonly ConcurrentDictionary<string, Lazy<Source>> _sources = new();
    private readonly ConcurrentDictionary<string, Lazy<Target>> _targets = new();

    /// <summary>Makes the runs that the table lacks.</summary>
    public void Run(Plan plan, ResultTable table) => Run(plan, table, (run, threads) =>
    {
        (Source source, Target target) = (SourceOf(run), TargetOf(run));
        return run.Execute(source, plan.FindsSize ? target with { Diameter = SizeTable.Find(source, target, threads) } : target, plan.Options, threads);
    });

    /// <summary>Makes the runs with powers that the table lacks.</summary>
    public void Powers(Plan plan, ResultTable table) => Run(plan, table, (run, threads) => PowerRun.Execute(
        run, SourceOf(run), TargetOf(run), plan.Options, threads));

    /// <summary>Makes the long runs that the table lacks.</summary>
    public void Long(Plan plan, ResultTable table) => Run(plan, table, (run, threads) => new Trajectory(
        run, Path.Combine(repository, "artifacts", "study", "long", run.Key)).Execute(
            SourceOf(run), TargetOf(run), plan.Options, 160, threads));

    /// <summary>Writes the images that the long runs look at, beside their masks.</summary>
    public void WriteImages(Plan plan)
    {
        foreach (StudyRun run in plan.Runs)
        {
            string folder = Path.Combine(repository, "artifacts", "study", "long", run.Key);
            if (Directory.Exists(folder))
            {
                new Trajectory(run, folder).WriteImages(SourceOf(run), TargetOf(run));
            }
        }
    }

    private void Run(Plan plan, ResultTable table, Func<StudyRun, int, string> execute)
    {
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

        void Work()
        {
            while (open.TryDequeue(out StudyRun? run))
            {
                table.Add(run, execute(run, Math.Max(1, Environment.ProcessorCount / jobs)));
            }
        }
    }

    /// <summary>Makes one run and draws what it did.</summary>
    /// <param name="run">The run.</param>
    /// <param name="plan">The plan whose settings it has.</param>
    /// <param name="picture">The PNG file.</param>
    public void Draw(StudyRun run, Plan plan, string picture) =>
        run.Execute(SourceOf(run), TargetOf(run), plan.Options, Environment.ProcessorCount, picture);

    private Source SourceOf(StudyRun run) => _sources.GetOrAdd(
        run.Source,
        name => new(() => Sources.Load(name, repository, shared, Path.Combine(repository, "artifacts", "study")))).Value;

    private Target TargetOf(StudyRun run) => _targets.GetOrAdd(
        run.Target, name => new(() => Targets.Load(name, Path.Combine(shared, "data")))).Value;
}
