using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>What a step and an iteration leave to the garbage collector.</summary>
internal static class AllocationTable
{
    private const int WarmUps = 2;
    private const int Steps = 5;
    private const int Batch = 8;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        (int threads, int size) = (bench.Settings.Threads, bench.Settings.Size);
        bench.Report.Section("Allocations", $"""
            Managed bytes allocated in {Steps} calls after {WarmUps}, {Bench.Threads(threads)}, batch {Batch}, and the
            collections in that time (generation 0, 1, 2).
            """);
        bench.Report.Table(1, "what", "bytes per call", "gen 0", "gen 1", "gen 2");
        using (TrainingStep step = new(bench, threads, Batch))
        {
            Row(bench, "training step", step.Run);
        }

        using IterationCase iteration = new(
            bench.CheckpointFile, new CpuBackend(threads), new AdaptationOptions { Crop = size });
        Row(bench, "iteration", () => iteration.Run());
    }

    private static void Row(Bench bench, string what, Action run)
    {
        for (int i = 0; i < WarmUps; i++)
        {
            run();
        }

        int[] collections = Collections();
        long before = GC.GetTotalAllocatedBytes(true);
        for (int i = 0; i < Steps; i++)
        {
            run();
        }

        long bytes = GC.GetTotalAllocatedBytes(true) - before;
        int[] difference = [.. Collections().Zip(collections, (now, then) => now - then)];
        bench.Report.Row(what, bytes / Steps, difference[0], difference[1], difference[2]);
    }

    private static int[] Collections() => [.. Enumerable.Range(0, 3).Select(GC.CollectionCount)];
}
