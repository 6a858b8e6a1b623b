using SelfAdapt.Adaptation;

namespace SelfAdapt.Benchmarks;

/// <summary>Peak memory of a process that does nothing but iterations, ours and torch's.</summary>
internal static class MemoryTable
{
    private const double Goal = 0.5;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        bench.Report.Section("Memory of an iteration", $"""
            Fresh processes that load a checkpoint and run {MemoryProbe.Iterations} iterations. Peak: VmHWM of
            /proc/self/status. Growth: from what is resident once the libraries are loaded (ours: the runtime; torch:
            import torch). Of torch's memory formats the one that takes less counts.
            """);
        if (Machine.PeakKilobytes is null)
        {
            bench.Report.Line();
            bench.Report.Line("Not measured: this system has no /proc/self/status with VmHWM.");
            return;
        }

        bench.Report.Table(1, "process", "before MB", "peak MB", "growth MB");
        (long before, long peak) = MemoryProbe.Start(bench);
        bench.Report.Row("ours", before >> 10, peak >> 10, (peak - before) >> 10);
        if (bench.Torch is null)
        {
            bench.Report.Verdict("peak, ours / torch", null, Goal);
            return;
        }

        (long Before, long Peak)[] torch = [.. new[] { "default", "channels_last" }.Select(f => Torch(bench, f))];
        double lowestPeak = torch.Min(t => t.Peak);
        double lowestGrowth = torch.Min(t => t.Peak - t.Before);
        bench.Report.Verdict("peak, ours / torch", peak / lowestPeak, Goal);
        bench.Report.Verdict("growth, ours / torch", (peak - before) / lowestGrowth, Goal);
    }

    private static (long Before, long Peak) Torch(Bench bench, string format)
    {
        const string Name = "iteration";
        using TorchPeer peer = bench.Torch!.StartAnother();
        AdaptationOptions options = new() { Crop = bench.Settings.Size, Views = 6 };
        peer.Make(Name, Name, format, new IterationInputs(bench.CheckpointFile, options).ForPeer());
        peer.Run(Name, "", bench.Settings.Threads, MemoryProbe.Iterations);
        (long before, long peak) = (peer.BaselineKilobytes, peer.PeakKilobytes);
        bench.Report.Row($"torch, {format}", before >> 10, peak >> 10, (peak - before) >> 10);
        return (before, peak);
    }
}
