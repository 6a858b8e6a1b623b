using MathNet.Numerics.Statistics;
using SelfAdapt.Engine.Cpu;

namespace SelfAdapt.Benchmarks;

/// <summary>Every convolution of the network, each pass, against torch.</summary>
internal static class ConvolutionTable
{
    private const double MeanGoal = 0.5;
    private const double WorstGoal = 0.8;

    /// <summary>Writes one table per number of threads.</summary>
    public static void Write(Bench bench)
    {
        bench.Report.Section("Convolutions", $"""
            Batch {bench.Settings.Batch}, bias included. Ours: forward is LoadWeights (for the backward pass too) and
            Forward, as weights change every step; backward-weights gives the bias's gradient too. Peer: torch conv2d
            and aten.convolution_backward with the output masks of the pass, in whichever memory format was faster
            in three rounds before. GFLOP/s count the direct algorithm's operations. Error: largest difference of the
            two results in units of the largest value.
            """);
        foreach (int threads in bench.Settings.ThreadCounts)
        {
            Write(bench, threads);
        }
    }

    private static void Write(Bench bench, int threads)
    {
        bench.Report.Line();
        bench.Report.Line($"### {Bench.Threads(threads)}");
        bench.Report.Table(
            2, "channels, size, kernel", "pass", "ours ms", "GFLOP/s", "torch ms", "GFLOP/s", "format", "ratio",
            "error");
        using CpuBackend backend = new(threads);
        List<(int Kernel, double Ratio)> ratios = [];
        foreach (ConvolutionShape shape in CellposeShapes.Distinct)
        {
            using ConvolutionCase ours = new(backend, shape, bench.Settings.Batch, bench.Settings.Size);
            using PeerCase? peer = PeerCase.Of(bench.Torch, "convolution", ours.Arguments);
            foreach (string pass in ConvolutionCase.Passes)
            {
                if (Row(bench, shape, pass, ours, peer, threads) is { } ratio)
                {
                    ratios.Add((shape.Kernel, ratio));
                }
            }
        }

        double[] wide = [.. ratios.Where(r => r.Kernel == 3).Select(r => r.Ratio)];
        string which = $"3x3, {Bench.Threads(threads)}";
        bench.Report.Verdict($"{which}, geometric mean", wide.Length == 0 ? null : wide.GeometricMean(), MeanGoal);
        bench.Report.Verdict($"{which}, worst", wide.Length == 0 ? null : wide.Max(), WorstGoal);
    }

    private static double? Row(
        Bench bench, ConvolutionShape shape, string pass, ConvolutionCase ours, PeerCase? peer, int threads)
    {
        (int batch, int size) = (bench.Settings.Batch, bench.Settings.Size);
        Func<double> run = Stopwatches.Ours(() => ours.Run(pass));
        Rounds rounds = Stopwatches.Alternate(bench.Settings.Rounds, run, peer?.Fastest(pass, threads));
        double work = shape.Flops(batch, size) / 1e6;
        bench.Report.Row(
            $"{shape.Inputs} to {shape.Outputs}, {size >> shape.Level}², {shape.Kernel}x{shape.Kernel}", pass,
            rounds.Median(0), work / rounds.Median(0), rounds.Median(1), work / rounds.Median(1), peer?.Format,
            rounds.Ratio(0, 1),
            peer is null ? null : Inputs.Error(ours.Result(pass), peer.Result(pass, threads)));
        return rounds.Ratio(0, 1);
    }
}
