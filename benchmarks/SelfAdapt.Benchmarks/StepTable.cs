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
            torch (Python's, and libtorch through TorchSharp), in whichever memory format was faster in three rounds before. GFLOP/s count three forward passes'
            direct convolutions. Loss: of the first step, ours and the peer's, from the same weights and inputs.
            """);
        bench.Report.Table(
            1, "threads", "batch", "ours ms", "GFLOP/s", "torch ms", "GFLOP/s", "format", "ratio", "libtorch ms",
            "format", "ratio", "our loss", "torch loss", "libtorch loss");
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
        using PeerCase? torch = PeerCase.Of(bench.Torch, "step", ours.Arguments);
        using PeerCase? libTorch = PeerCase.Of(bench.LibTorch, "step", ours.Arguments);
        ours.Run();
        float loss = ours.Loss;
        float? torchLoss = torch?.Result("", threads)[0];
        float? libTorchLoss = libTorch?.Result("", threads)[0];
        Func<double> run = Stopwatches.Ours(ours.Run);
        Rounds rounds = Stopwatches.Alternate(
            bench.Settings.Rounds, run, torch?.Fastest("", threads), libTorch?.Fastest("", threads));
        double work = 3 * CellposeShapes.ForwardFlops(batch, bench.Settings.Size) / 1e6;
        bench.Report.Row(
            Bench.Threads(threads), batch, rounds.Median(0), work / rounds.Median(0), rounds.Median(1),
            work / rounds.Median(1), torch?.Format, rounds.Ratio(0, 1), rounds.Median(2), libTorch?.Format, rounds.Ratio(0, 2),
            $"{loss:f6}", $"{torchLoss:f6}", $"{libTorchLoss:f6}");
        return rounds.Ratio(0, 1);
    }
}
