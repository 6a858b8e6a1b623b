using System.Diagnostics;

namespace SelfAdapt.Fuzz;

/// <summary>Something a reader must not do.</summary>
/// <param name="Index">Which mutant; -1 for a file that was given.</param>
/// <param name="What">What it did.</param>
/// <param name="Content">The mutant.</param>
internal sealed record Violation(int Index, string What, byte[] Content);

/// <summary>What became of a reader's mutants.</summary>
/// <param name="Target">The reader's name.</param>
internal sealed record FuzzOutcome(string Target)
{
    private const int MostKept = 50;

    public int Mutants { get; set; }

    public int Accepted { get; set; }

    public double WorstSeconds { get; set; }

    /// <summary>The most bytes allocated beyond a mutant's own length.</summary>
    public long WorstAllocation { get; set; }

    public int ViolationCount { get; private set; }

    public List<Violation> Violations { get; } = [];

    public void Add(Violation violation)
    {
        ViolationCount++;
        if (Violations.Count < MostKept)
        {
            Violations.Add(violation);
        }
    }
}

/// <summary>Gives mutants to a reader and holds what it does against what is promised.</summary>
/// <param name="timed">Whether a mutant that takes over a second counts; not where a machine's load decides.</param>
internal sealed class FuzzRun(bool timed)
{
    /// <summary>Bytes that a reader may allocate beyond the length of the file.</summary>
    public const long AllocationBound = 64L << 20;

    private const double SecondsBound = 1;
    private const int StackBytes = 1 << 20;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>Reads mutants until all are done or time is up.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="seed">Decides the mutants.</param>
    /// <param name="first">The first mutant's number.</param>
    /// <param name="count">How many.</param>
    /// <param name="limit">When to stop, whatever is left.</param>
    public FuzzOutcome Run(FuzzTarget target, ulong seed, int first, int count, TimeSpan limit)
    {
        Stopwatch watch = Stopwatch.StartNew();
        return Guarded(target, Enumerable.Range(first, count).TakeWhile(_ => watch.Elapsed < limit)
            .Select(i => (i, target.Mutant(seed, i))));
    }

    /// <summary>Reads files in a thread with a small stack; a file that is read for a minute ends the program.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="files">Number and content of each.</param>
    public FuzzOutcome Guarded(FuzzTarget target, IEnumerable<(int Index, byte[] Content)> files)
    {
        FuzzOutcome outcome = new(target.Name);
        int current = 0;
        Exception? failed = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    foreach ((int index, byte[] content) in files)
                    {
                        Volatile.Write(ref current, index);
                        Read(target, index, content, outcome);
                    }
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    failed = e;
                }
            },
            StackBytes);
        thread.IsBackground = true;
        thread.Start();
        for (int before = -2; !thread.Join(Hang);)
        {
            int now = outcome.Mutants;
            if (now == before)
            {
                outcome.Add(new Violation(Volatile.Read(ref current), "it hangs", []));
                return outcome;
            }

            before = now;
        }

        return failed is null ? outcome : throw new InvalidOperationException($"{target.Name} {current}", failed);
    }

    private void Read(FuzzTarget target, int index, byte[] content, FuzzOutcome outcome)
    {
        outcome.Mutants++;
        (bool accepted, string? wrong, double seconds, long allocated) = Once(target, content);

        // On a busy machine a slow read says little: it must be slow three times.
        for (int again = 0; timed && seconds > SecondsBound && again < 2; again++)
        {
            seconds = Math.Min(seconds, Once(target, content).Seconds);
        }

        outcome.Accepted += accepted ? 1 : 0;
        outcome.WorstSeconds = Math.Max(outcome.WorstSeconds, seconds);
        outcome.WorstAllocation = Math.Max(outcome.WorstAllocation, allocated - content.Length);
        wrong ??= allocated > content.Length + AllocationBound ? $"it takes {allocated:N0} bytes"
            : timed && seconds > SecondsBound ? $"it takes {seconds:f1} s"
            : null;
        if (wrong is not null)
        {
            outcome.Add(new Violation(index, wrong, content));
        }
    }

    private static (bool Accepted, string? Wrong, double Seconds, long Allocated) Once(FuzzTarget target, byte[] content)
    {
        bool accepted = false;
        string? wrong = null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        try
        {
            target.Read(content);
            accepted = true;
        }
        catch (SelfAdaptException e)
        {
            wrong = !Names(e.Message) ? $"its refusal is: {e.Message}" : null;
        }
        catch (Exception e)
        {
            wrong = $"it throws {e}";
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (accepted, wrong, seconds, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static bool Names(string message) =>
        message.Contains(FuzzTargets.Origin, StringComparison.Ordinal)
        || message.Contains("summary.json", StringComparison.Ordinal);
}
