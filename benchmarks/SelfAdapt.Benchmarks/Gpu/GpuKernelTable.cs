using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>The kernels of a training step: their time, bandwidth and arithmetic.</summary>
internal static class GpuKernelTable
{
    private const int Batch = 8;

    /// <summary>Writes the tables, one per precision.</summary>
    public static void Write(GpuBench gpu)
    {
        foreach ((string _, GpuPrecision precision) in GpuBench.Precisions)
        {
            Write(gpu, precision);
        }
    }

    private static void Write(GpuBench gpu, GpuPrecision precision)
    {
        Report report = gpu.Bench.Report;
        report.Section($"Kernels, {precision}", $"""
            One training step at batch {Batch}, every launch between two events (which adds some microseconds to short
            ones). Bytes count each operand once, so that shares of the copy's bandwidth are at least what is shown;
            operations are the convolutions' multiply-adds, two each, beside the most that the GPU's cores do in fp32
            and its tensor cores in {precision}, by their number and clock.
            """);
        MeasuredDevice device = gpu.Open();
        GpuBackend backend = new(device) { Precision = precision };
        using TrainingStep step = new(gpu.Bench.CheckpointFile, backend, Batch, gpu.Bench.Settings.Size);
        for (int warmUp = 0; warmUp < 3; warmUp++)
        {
            step.Run();
        }

        device.Synchronize();
        device.IsTiming = true;
        int rounds = gpu.Bench.Settings.Rounds;
        for (int round = 0; round < rounds; round++)
        {
            step.Run();
        }

        device.IsTiming = false;
        (KernelWork Work, double Milliseconds)[] times = [.. device.TakeTimes()];
        double whole = times.Sum(t => t.Milliseconds);
        report.Table(
            1, "kernel", "launches", "ms per step", "share", "GB/s", "of copy", "TFLOP/s", "of fp32",
            "of tensor cores");
        foreach (var kernel in times.GroupBy(t => t.Work.Kernel).OrderByDescending(k => k.Sum(t => t.Milliseconds)))
        {
            double seconds = kernel.Sum(t => t.Milliseconds) / 1000;
            double bandwidth = kernel.Sum(t => t.Work.Bytes) / seconds;
            double rate = kernel.Sum(t => t.Work.Flops) / seconds;
            report.Row(
                kernel.Key, kernel.Count() / rounds, 1000 * seconds / rounds, 1000 * seconds / whole, bandwidth / 1e9,
                bandwidth / gpu.Ceilings.CopyBytesPerSecond, rate > 0 ? rate / 1e12 : null,
                Share(rate, gpu.Ceilings.FlopsPerSecond), Share(rate, gpu.Ceilings.TensorFlopsPerSecond(precision)));
        }

        report.Row("all", times.Length / rounds, whole / rounds, 1.0, null, null, null, null, null);
    }

    private static double? Share(double rate, double most) => rate > 0 && most > 0 ? rate / most : null;
}
