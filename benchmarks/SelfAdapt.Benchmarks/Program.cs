using System.Globalization;
using SelfAdapt.Benchmarks.Gpu;

namespace SelfAdapt.Benchmarks;

/// <summary>Measures the engine against the machine, ONNX Runtime and PyTorch; benchmarks/README.md explains.</summary>
internal static class Program
{
    private const string All = "all";

    private static readonly Dictionary<string, Action<Bench>> Tables = new()
    {
        ["peak"] = PeakTable.Write,
        ["convolutions"] = ConvolutionTable.Write,
        ["forward"] = ForwardTable.Write,
        ["step"] = StepTable.Write,
        ["iteration"] = bench =>
        {
            IterationTable.Write(bench);
            MemoryTable.Write(bench);
        },
        ["allocations"] = AllocationTable.Write,
        ["layers"] = LayerTable.Write,
    };

    private static int Main(string[] arguments)
    {
        if (arguments is ["masks", ..])
        {
            return MasksBenchmark.Run(arguments.AsSpan(1));
        }

        if (arguments is ["strokes", ..])
        {
            return StrokesBenchmark.Run(arguments.AsSpan(1));
        }

        if (arguments is ["gpu", ..])
        {
            return GpuCommand.Run(arguments.AsSpan(1));
        }

        if (arguments is [MemoryProbe.Command, ..])
        {
            return MemoryProbe.Run(arguments.AsSpan(1));
        }

        if (Settings.Parse(arguments) is not { } settings
            || (settings.Table != All && !Tables.ContainsKey(settings.Table)))
        {
            Console.Error.WriteLine(
                "usage: dotnet run -c Release --project benchmarks/SelfAdapt.Benchmarks -- "
                + $"[{All}|{string.Join('|', Tables.Keys)}]\n       [--threads N] [--rounds N] [--size N] "
                + "[--batch N] [--python FILE] [--libtorch FILE] [--out FILE.md]\n"
                + "size: crop in px, a multiple of 16; batch: of the convolutions.\n"
                + $"{GpuCommand.Usage}\n"
                + "Or: masks [--threads N] [--rounds N] [--size N] [--peer COMMAND]\n"
                + "Or: strokes [--threads N] [--rounds N] [--size N]");
            return 2;
        }

        string[] chosen = settings.Table == All ? [.. Tables.Keys] : [settings.Table];
        string load = Machine.Load;
        TorchPeer? torch = TorchPeer.TryStart(
            TorchPeer.Python(settings.Python), settings.Threads, out string torchNote);
        string libTorchNote = "not asked for";
        TorchPeer? libTorch = settings.LibTorch is { } program
            ? TorchPeer.TryStart([program], settings.Threads, out libTorchNote)
            : null;
        using Bench bench = new(settings, new Report(settings.Out, settings.IsSmoke), torch, libTorch);
        WriteHead(bench, load, $"Python: {torchNote}", $"TorchSharp: {libTorchNote}");
        foreach (string name in chosen)
        {
            try
            {
                Tables[name](bench);
            }
            catch (PeerException e)
            {
                bench.Report.Line();
                bench.Report.Line($"The torch peer failed, the rest of this table is missing: {e.Message}");
            }
        }

        return 0;
    }

    private static void WriteHead(Bench bench, string load, params string[] peers)
    {
        Settings settings = bench.Settings;
        string date = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        bench.Report.Line($"# Benchmarks, {date} UTC");
        bench.Report.Line();
        bench.Report.Line($"- Machine: {Machine.Description}");
        bench.Report.Line($"- Load average (1 min) before the run: {load}; 0 is an idle machine");
        bench.Report.Line($"- Threads: {string.Join(" and ", settings.ThreadCounts.Order())}");
        bench.Report.Line($"- Rounds: {settings.Rounds}{(settings.IsSmoke ? ", a smoke run: no proof" : "")}");
        bench.Report.Line($"- Crop: {settings.Size} px; network: 2-32-64-128-256, weights from a fixed seed");
        Array.ForEach(peers, peer => bench.Report.Line($"- {peer}"));
        bench.Report.Line(
            "- Times are medians in ms; a ratio is ours / peer, the median over rounds in which both ran in turn: "
            + "below 1 we are faster.");
    }
}
