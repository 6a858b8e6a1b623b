using System.CommandLine;

namespace SelfAdapt.Tool;

/// <summary>Which engine runs a network.</summary>
internal enum EngineKind
{
    /// <summary>ONNX Runtime on a GPU; on a CPU the built-in engine, or for a teacher the faster one.</summary>
    Auto,

    /// <summary>ONNX Runtime.</summary>
    Ort,

    /// <summary>The built-in engine.</summary>
    Builtin,
}

/// <summary>Where a network runs.</summary>
internal enum DeviceKind
{
    /// <summary>A GPU where the engine can use one, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,
}

/// <summary>What the user asked for.</summary>
/// <param name="Kind">The engine.</param>
/// <param name="Device">The device.</param>
/// <param name="Threads">Threads on the CPU; 0: one per processor.</param>
/// <param name="Exact">The built-in engine convolves directly.</param>
internal sealed record EngineRequest(EngineKind Kind, DeviceKind Device, int Threads, bool Exact);

/// <summary>The options --engine, --device, --threads and --exact.</summary>
internal sealed class EngineArguments
{
    private const int MostThreads = 1024;

    private readonly Choice<EngineKind> _engine = new(
        "--engine", "auto", "What runs the network: ONNX Runtime or the built-in engine",
        ("auto", EngineKind.Auto), ("ort", EngineKind.Ort), ("builtin", EngineKind.Builtin));

    private readonly Choice<DeviceKind> _device = new(
        "--device", "auto", "Where it runs",
        ("auto", DeviceKind.Auto), ("cpu", DeviceKind.Cpu), ("cuda", DeviceKind.Cuda));

    private readonly Option<int> _threads = OptionFactory.Default(
        "--threads", "N", 0, "Threads on the CPU; 0: one per processor");

    private readonly Option<bool> _exact = OptionFactory.Flag(
        "--exact", "Direct convolution in the built-in engine: slower, and nearer to other engines' last digits");

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    public void AddTo(Command command)
    {
        command.Add(_engine.Option);
        command.Add(_device.Option);
        command.Add(_threads);
        command.Add(_exact);
    }

    /// <summary>What the user asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <exception cref="SelfAdaptException">Usage: the number of threads is out of range.</exception>
    public EngineRequest Get(ParseResult parsed)
    {
        int threads = parsed.GetValue(_threads);
        return threads is >= 0 and <= MostThreads
            ? new(_engine.Get(parsed), _device.Get(parsed), threads, parsed.GetValue(_exact))
            : throw new SelfAdaptException(
                ExitCode.Usage,
                $"--threads is {threads}, but must lie between 0 (one per processor) and {MostThreads}.");
    }
}
