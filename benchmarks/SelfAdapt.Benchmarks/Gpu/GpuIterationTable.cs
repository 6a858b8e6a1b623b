using SelfAdapt.Adaptation;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>A whole iteration of SelfAdapt beside the same in torch on the same GPU.</summary>
internal static class GpuIterationTable
{
    private const double Goal = 0.8;

    /// <summary>Writes the table.</summary>
    public static void Write(GpuBench gpu)
    {
        Bench bench = gpu.Bench;
        AdaptationOptions options = AdaptationOptions.Paper with { Crop = bench.Settings.Size };
        IterationInputs inputs = new(bench.CheckpointFile, options);
        bench.Report.Section("Iteration", $"""
            The paper's settings, batch {options.BatchSize}, otherwise as the cpu's table has it; crops are cut beforehand,
            the upload of the batch and the download of the numbers for the log are in it. Error: of the four confidence
            thresholds after the first iteration.
            """);
        bench.Report.Table(1, "in", "ours ms", "torch ms", "format", "ratio", "error", "ours MB");
        Dictionary<string, double?> ratios = [];
        foreach ((string name, GpuPrecision precision) in GpuBench.Precisions)
        {
            MeasuredDevice device = gpu.Open();
            GpuBackend backend = new(device) { Precision = precision };
            using IterationCase ours = new(bench.CheckpointFile, backend, options);
            float[] thresholds = ours.Run();
            using PeerCase? torch = PeerCase.Of(
                bench.Torch, "iteration", GpuStepTable.OnGpu(inputs.ForPeer(), gpu.Info.Index, name));
            double? error = torch is null ? null : Inputs.Error(thresholds, torch.Result("", 1));
            Rounds rounds = Stopwatches.Alternate(
                bench.Settings.Rounds, GpuStepTable.Contestant(device, () => ours.Run()), torch?.Fastest("", 1));
            bench.Report.Row(
                name, rounds.Median(0), rounds.Median(1), torch?.Format, rounds.Ratio(0, 1), error,
                device.PeakBytes / 1e6);
            ratios[name] = rounds.Ratio(0, 1);
        }

        foreach (string name in (string[])["tf32", "bf16"])
        {
            bench.Report.Verdict($"ours / torch in {name}", ratios[name], Goal);
        }
    }
}
