using System;

namespace SelfAdapt.Benchmarks;

/// <summary>A training step of the whole network against torch.</summary>
internal static class StepTable
{
    private const double Goal = 0.4;

    /// <summary>Writes the table.</summary>
    public static void Write(Bench bench)
    {
        bench.Report.Section("Training step", $"""
            Forward with batch statistics, Cellpose's supervised loss and its gradient, backward, AdamW; the same in
            torch, in whichever memory format was faster in three rounds before. GFLOP/s count three forward passes'
            direct convolutions. Loss: of the first step, ours and the peer's, from the same weights and inputs.
            """);
        bench.Report.Table(
            1, "threads", "batch", "ours ms", "GFLOP/s", "torch ms", "GFLOP/s", "format", "ratio", "our loss",
            "torch loss");
        double? worst = null;
        foreach (int threads in bench.Settings.ThreadCounts)
        {
            foreach (int batch in (int[])[4, 8])
            {
                double? ratio = Row(bench, threads, batch);
                worst = ratio is null ? worst : Math.Max(ratio.Value, worst ?? 0);
            }
        }

        bench.Report.Verdict("ours / torch, every row", worst, Goal);
    }

    private static double? Row(Bench bench, int threads, int batch)
    {
        using TrainingStep ours = new(bench, threads, batch);
        using PeerCase? torch = bench.Torch is null ? null : new(bench.Torch, "step", ours.Arguments);
        ours.Run();
        float loss = ours.Loss;
        float? peerLoss = torch?.Result("", threads)[0];
        Func<double> run = Stopwatches.Ours(ours.Run);
        Rounds rounds = Stopwatches.Alternate(bench.Settings.Rounds, run, torch?.Fastest("", threads));
        double work = 3 * CellposeShapes.ForwardFlops(batch, bench.Settings.Size) / 1e6;
        bench.Report.Row(
            Bench.Threads(threads), batch, rounds.Median(0), work / rounds.Median(0), rounds.Median(1),
            work / rounds.Median(1), torch?.Format, rounds.Ratio(0, 1), $"{loss:f6}", $"{peerLoss:f6}");
        return rounds.Ratio(0, 1);
    }
}
