using SelfAdapt.Adaptation;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>A whole iteration of SelfAdapt against the same in torch.</summary>
internal static class IterationTable
{
    private const double Goal = 0.45;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        (int threads, int size) = (bench.Settings.Threads, bench.Settings.Size);
        AdaptationOptions options = new() { Crop = size, Views = 6 };
        IterationInputs inputs = new(bench.CheckpointFile, options);
        bench.Report.Section("Iteration", $"""
            The defaults of `adapt` but for six views, as the paper: batch {inputs.Options.BatchSize}, teacher on six views, mean and deviation,
            quantile thresholds, strong augmentation, the student's pass for the stored statistics, its training pass
            with the masked loss, L2-SP, AdamW, the teacher's moving average. Crops are cut beforehand. The same in
            torch, in whichever memory format was faster in three rounds before. Error: of the four confidence
            thresholds after the first iteration, which every output of the teacher enters.
            """);
        bench.Report.Table(1, "threads", "ours ms", "torch ms", "format", "ratio", "error");
        using IterationCase ours = new(bench.CheckpointFile, new CpuBackend(threads), options);
        float[] thresholds = ours.Run();
        using PeerCase? torch = PeerCase.Of(bench.Torch, "iteration", inputs.ForPeer());
        double? error = torch is null ? null : Inputs.Error(thresholds, torch.Result("", threads));
        Func<double> run = Stopwatches.Ours(() => ours.Run());
        Rounds rounds = Stopwatches.Alternate(bench.Settings.Rounds, run, torch?.Fastest("", threads));
        bench.Report.Row(
            Bench.Threads(threads), rounds.Median(0), rounds.Median(1), torch?.Format, rounds.Ratio(0, 1), error);
        bench.Report.Verdict("ours / torch", rounds.Ratio(0, 1), Goal);
    }
}
