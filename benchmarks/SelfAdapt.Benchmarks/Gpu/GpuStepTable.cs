using System.Text.Json.Nodes;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>A training step of the whole network beside torch on the same GPU: time and memory.</summary>
internal static class GpuStepTable
{
    private const double Goal = 1.0;
    private const string MemoryCase = "memory";

    /// <summary>Writes the table.</summary>
    public static void Write(GpuBench gpu)
    {
        Report report = gpu.Bench.Report;
        report.Section("Training step", $"""
            Forward with batch statistics, Cellpose's supervised loss and its gradient, backward, AdamW. Torch eager, in
            whichever memory format was faster, with fp32, TF32 allowed, and BF16 autocast. Memory: what we take from
            the device; the most that torch's tensors take (channels last), without its context and cache.
            """);
        report.Table(
            2, "batch", "in", "ours ms", "torch ms", "format", "ratio", "ours MB", "torch MB", "our loss",
            "torch loss");
        Dictionary<string, double> worst = [];
        foreach (int batch in (int[])[8, 32])
        {
            foreach ((string name, GpuPrecision precision) in GpuBench.Precisions)
            {
                if (Row(gpu, batch, name, precision) is { } ratio)
                {
                    worst[name] = Math.Max(ratio, worst.GetValueOrDefault(name));
                }
            }
        }

        foreach (string name in (string[])["tf32", "bf16"])
        {
            report.Verdict(
                $"ours / torch in {name}, both batches", worst.TryGetValue(name, out double ratio) ? ratio : null, Goal);
        }
    }

    /// <summary>Milliseconds per call of what is queued on a device, several calls for one wait.</summary>
    public static Func<double> Contestant(MeasuredDevice device, Action work)
    {
        work();
        device.Synchronize();
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        work();
        device.Synchronize();
        int repeats = Stopwatches.Repeats(
            System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return () =>
        {
            long begin = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
            {
                work();
            }

            device.Synchronize();
            return System.Diagnostics.Stopwatch.GetElapsedTime(begin).TotalMilliseconds / repeats;
        };
    }

    /// <summary>The same arguments for a case on a GPU.</summary>
    public static JsonObject OnGpu(JsonObject arguments, int device, string precision)
    {
        JsonObject all = (JsonObject)arguments.DeepClone();
        all["device"] = $"cuda:{device}";
        all["precision"] = precision;
        return all;
    }

    private static double? Row(GpuBench gpu, int batch, string name, GpuPrecision precision)
    {
        Bench bench = gpu.Bench;
        MeasuredDevice device = gpu.Open();
        GpuBackend backend = new(device) { Precision = precision };
        using TrainingStep ours = new(bench.CheckpointFile, backend, batch, bench.Settings.Size);
        ours.Run();
        float loss = ours.Loss;
        JsonObject arguments = OnGpu(ours.Arguments, gpu.Info.Index, name);
        double? peerMemory = bench.Torch is null ? null : Memory(bench.Torch, arguments);
        using PeerCase? torch = PeerCase.Of(bench.Torch, "step", arguments);
        float? peerLoss = torch?.Result("", 1)[0];
        Rounds rounds = Stopwatches.Alternate(
            bench.Settings.Rounds, Contestant(device, ours.Run), torch?.Fastest("", 1));
        bench.Report.Row(
            batch, name, rounds.Median(0), rounds.Median(1), torch?.Format, rounds.Ratio(0, 1),
            device.PeakBytes / 1e6, peerMemory, $"{loss:f6}", $"{peerLoss:f6}");
        return rounds.Ratio(0, 1);
    }

    /// <summary>Most MB of a case by itself.</summary>
    private static double Memory(TorchPeer torch, JsonObject arguments)
    {
        torch.Make(MemoryCase, "step", "channels_last", arguments);
        torch.Run(MemoryCase, "", 1, 2);
        double megabytes = torch.GpuPeakKilobytes / 1e3;
        torch.Drop(MemoryCase);
        return megabytes;
    }
}
