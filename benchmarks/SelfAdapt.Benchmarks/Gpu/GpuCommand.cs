using System.Globalization;
using SelfAdapt.Gpu;

namespace SelfAdapt.Benchmarks.Gpu;

/// <summary>The tables of a GPU; benchmarks/gpu/run.sh runs them all in one call.</summary>
internal static class GpuCommand
{
    private const int NoDevice = 5;

    public const string Usage =
        "Or: gpu [all|kernels|step|iteration] [--device N] [--rounds N] [--size N] [--python FILE] [--out FILE.md]";

    private const string All = "all";

    private static readonly Dictionary<string, Action<GpuBench>> Tables = new()
    {
        ["kernels"] = GpuKernelTable.Write,
        ["step"] = GpuStepTable.Write,
        ["iteration"] = GpuIterationTable.Write,
    };

    /// <summary>Runs the tables asked for.</summary>
    /// <param name="arguments">What follows "gpu".</param>
    /// <returns>The exit code; 5 where there is no GPU.</returns>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (Settings.Parse(arguments) is not { } settings
            || (settings.Table != All && !Tables.ContainsKey(settings.Table)))
        {
            Console.Error.WriteLine($"usage: SelfAdapt.Benchmarks gpu ...\n{Usage}");
            return (int)ErrorKind.InvalidOption;
        }

        GpuDevices devices = GpuDevices.Find(GpuKind.Cuda);
        if (devices.Devices.FirstOrDefault(d => d.Index == settings.Device) is not { } info)
        {
            Console.Error.WriteLine($"no GPU {settings.Device}: {devices.Text}. Nothing was measured.");
            return NoDevice;
        }

        try
        {
            Run(settings, devices, info);
            return 0;
        }
        catch (SelfAdaptException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static void Run(Settings settings, GpuDevices devices, GpuDeviceInfo info)
    {
        TorchPeer? torch = TorchPeer.TryStartOnGpu(settings, out string note);
        using Bench bench = new(settings, new Report(settings.Out, settings.IsSmoke), torch);
        GpuCeilings ceilings;
        using (IGpuDevice device = GpuBackend.OpenDevice(devices, info.Index))
        {
            ceilings = GpuCeilings.Measure(info, device, settings.Rounds);
        }

        string date = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        bench.Report.Line($"# GPU benchmarks, {date} UTC");
        bench.Report.Line();
        bench.Report.Line($"- GPU: {info}; driver for CUDA {devices.Version}");
        bench.Report.Line(
            $"- A large copy moves {ceilings.CopyBytesPerSecond / 1e9:f0} GB/s, read and written (measured); fp32 at "
            + $"most {ceilings.FlopsPerSecond / 1e12:f1} TFLOP/s by cores and clock");
        bench.Report.Line($"- Rounds: {settings.Rounds}{(settings.IsSmoke ? ", a smoke run: no proof" : "")}");
        bench.Report.Line($"- Crop: {settings.Size} px; network: 2-32-64-128-256, weights from a fixed seed");
        bench.Report.Line($"- PyTorch: {note}");
        bench.Report.Line(
            "- Ours and torch compute in the same: fp32; TF32 in convolutions; BF16 in convolutions (torch: autocast, "
            + "which takes linear layers too). Times are medians in ms; a ratio is ours / peer: below 1 we are faster.");
        GpuBench gpu = new(bench, devices, info, ceilings);
        foreach (string name in settings.Table == All ? [.. Tables.Keys] : (string[])[settings.Table])
        {
            try
            {
                Tables[name](gpu);
            }
            catch (Exception e) when (e is PeerException or SelfAdaptException or IOException)
            {
                bench.Report.Line();
                bench.Report.Line($"The rest of this table is missing: {e.Message}");
            }
        }
    }
}

/// <summary>What the tables of a GPU get.</summary>
/// <param name="Bench">Settings, report, peer.</param>
/// <param name="Devices">What was found.</param>
/// <param name="Info">The GPU.</param>
/// <param name="Ceilings">What it can do at most.</param>
internal sealed record GpuBench(Bench Bench, GpuDevices Devices, GpuDeviceInfo Info, GpuCeilings Ceilings)
{
    /// <summary>What torch and we compute in, by the peer's name for it.</summary>
    public static IReadOnlyList<(string Name, GpuPrecision Precision)> Precisions { get; } =
        [("fp32", GpuPrecision.Fp32), ("tf32", GpuPrecision.Tf32), ("bf16", GpuPrecision.Bf16)];

    /// <summary>Opens the GPU, measured.</summary>
    public MeasuredDevice Open() => new(GpuBackend.OpenDevice(Devices, Info.Index));
}
