using System.CommandLine;
using System.Globalization;
using SelfAdapt.Gpu;
using SelfAdapt.Tool.CommandLine;

namespace SelfAdapt.Tool.Engines;

/// <summary>Which engine runs a network.</summary>
internal enum EngineKind
{
    /// <summary>ONNX Runtime on a GPU; on a CPU the built-in engine, or for a teacher the faster one.</summary>
    Auto,

    Ort,

    Builtin,
}

/// <summary>Where a network runs.</summary>
internal enum DeviceKind
{
    /// <summary>A GPU where one can be used, else the CPU.</summary>
    Auto,

    Cpu,

    Cuda,

    /// <summary>Another GPU, through OpenCL; untried on a device.</summary>
    OpenCl,
}

/// <summary>Where a network runs, and on which GPU.</summary>
/// <param name="Kind">CPU, GPU, or what is there.</param>
/// <param name="Index">The number in cuda:N or opencl:N; 0 for the others.</param>
internal readonly record struct DeviceChoice(DeviceKind Kind, int Index = 0)
{
    /// <summary>The kind of GPU that was asked for; NVIDIA's where none was.</summary>
    public GpuKind GpuKind => Kind == DeviceKind.OpenCl ? GpuKind.OpenCl : GpuKind.Cuda;

    /// <summary>True where a GPU was asked for.</summary>
    public bool IsGpu => Kind is DeviceKind.Cuda or DeviceKind.OpenCl;

    /// <summary>Reads auto, cpu, cuda, cuda:N, opencl or opencl:N.</summary>
    /// <param name="text">What the user gave.</param>
    /// <returns>Null where it is none of them.</returns>
    public static DeviceChoice? Parse(string text) => text.Split(':') switch
    {
        ["auto"] => new(DeviceKind.Auto),
        ["cpu"] => new(DeviceKind.Cpu),
        ["cuda", .. string[] number] => Gpu(DeviceKind.Cuda, number),
        ["opencl", .. string[] number] => Gpu(DeviceKind.OpenCl, number),
        _ => null,
    };

    public override string ToString() =>
        Kind.ToString().ToLowerInvariant() + (Index > 0 ? FormattableString.Invariant($":{Index}") : "");

    private static DeviceChoice? Gpu(DeviceKind kind, string[] number) => number switch
    {
        [] => new(kind),
        [string digits] when byte.TryParse(
            digits, NumberStyles.None, CultureInfo.InvariantCulture, out byte index) => new(kind, index),
        _ => null,
    };
}

/// <summary>What the user asked for.</summary>
internal sealed record EngineRequest
{
    [Setting("What runs the network: ONNX Runtime or the built-in engine", Group = "engine")]
    public EngineKind Kind { get; init; }

    [Setting("Where it runs; auto: an NVIDIA GPU where there is one; opencl is untried on a device",
        Group = "engine", Basic = true)]
    public DeviceChoice Device { get; init; }

    [Setting("What the built-in engine multiplies in on a GPU", Group = "engine")]
    public GpuPrecision Precision { get; init; }

    [Setting(0, 1024, "Threads on the CPU; 0: one per processor", Group = "engine")]
    public int Threads { get; init; }

    [Setting("Direct convolution in the built-in engine: slower, and nearer to other engines' last digits",
        Group = "engine")]
    public bool Exact { get; init; }
}

/// <summary>The options for an engine.</summary>
internal sealed class EngineArguments
{
    private readonly SettingOptions<EngineRequest> _options;

    /// <summary>Makes the options.</summary>
    /// <param name="withKind">Whether --engine is one of them; without it the built-in engine is what runs.</param>
    public EngineArguments(bool withKind = true) => _options = new(name => withKind || name != nameof(EngineRequest.Kind));

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => _options.AddTo(command);

    /// <summary>What the user asked for.</summary>
    /// <exception cref="SelfAdaptException">Usage: a precision does not go with the device.</exception>
    public EngineRequest Get(ParseResult parsed)
    {
        EngineRequest request = _options.Get(parsed);
        return request.Precision == GpuPrecision.Fp32 || request.Device.Kind == DeviceKind.Cuda
            ? request
            : throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                "--precision tf32 or bf16 needs an NVIDIA GPU: give --device cuda too, or leave out --precision.");
    }
}
