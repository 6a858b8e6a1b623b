using System;
using System.CommandLine;
using System.Globalization;
using SelfAdapt.Gpu;

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
    /// <summary>A GPU where one can be used, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
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

    private static DeviceChoice? Gpu(DeviceKind kind, string[] number) => number switch
    {
        [] => new(kind),
        [string digits] when byte.TryParse(
            digits, NumberStyles.None, CultureInfo.InvariantCulture, out byte index) => new(kind, index),
        _ => null,
    };
}

/// <summary>What the user asked for.</summary>
/// <param name="Kind">The engine.</param>
/// <param name="Device">The device.</param>
/// <param name="Threads">Threads on the CPU; 0: one per processor.</param>
/// <param name="Exact">The built-in engine convolves directly.</param>
/// <param name="Precision">What the built-in engine multiplies in on a GPU.</param>
internal sealed record EngineRequest(
    EngineKind Kind, DeviceChoice Device, int Threads, bool Exact, GpuPrecision Precision);

/// <summary>The options --engine, --device, --precision, --threads and --exact.</summary>
internal sealed class EngineArguments
{
    private const int MostThreads = 1024;

    private readonly Choice<EngineKind> _engine = new(
        "--engine", "auto", "What runs the network: ONNX Runtime or the built-in engine",
        ("auto", EngineKind.Auto), ("ort", EngineKind.Ort), ("builtin", EngineKind.Builtin));

    private readonly Option<string> _device = OptionFactory.Default(
        "--device", "auto|cpu|cuda[:N]|opencl[:N]", "auto",
        "Where it runs; auto: an NVIDIA GPU where there is one; opencl is untried on a device");

    private readonly Choice<GpuPrecision> _precision = new(
        "--precision", "fp32", "What the built-in engine multiplies in on a GPU",
        ("fp32", GpuPrecision.Fp32), ("tf32", GpuPrecision.Tf32), ("bf16", GpuPrecision.Bf16));

    private readonly Option<int> _threads = OptionFactory.Default(
        "--threads", "N", 0, "Threads on the CPU; 0: one per processor");

    private readonly Option<bool> _exact = OptionFactory.Flag(
        "--exact", "Direct convolution in the built-in engine: slower, and nearer to other engines' last digits");

    /// <summary>Makes the options.</summary>
    public EngineArguments()
    {
        _device.CompletionSources.Add("auto", "cpu", "cuda", "opencl");
        _device.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: string word }] && DeviceChoice.Parse(word) is null)
            {
                result.AddError($"--device is '{word}', but must be one of auto, cpu, cuda, opencl,"
                    + " cuda:N, opencl:N (cuda:1, say).");
            }
        });
    }

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    public void AddTo(Command command)
    {
        command.Add(_engine.Option);
        command.Add(_device);
        command.Add(_precision.Option);
        command.Add(_threads);
        command.Add(_exact);
    }

    /// <summary>What the user asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <exception cref="SelfAdaptException">
    /// Usage: the number of threads is out of range, or a precision does not go with the device.
    /// </exception>
    public EngineRequest Get(ParseResult parsed)
    {
        int threads = parsed.GetValue(_threads);
        if (threads is < 0 or > MostThreads)
        {
            throw new SelfAdaptException(
                ExitCode.Usage,
                $"--threads is {threads}, but must lie between 0 (one per processor) and {MostThreads}.");
        }

        DeviceChoice device = DeviceChoice.Parse(parsed.GetRequiredValue(_device))!.Value;
        GpuPrecision precision = _precision.Get(parsed);
        if (precision != GpuPrecision.Fp32 && device.Kind != DeviceKind.Cuda)
        {
            throw new SelfAdaptException(
                ExitCode.Usage,
                "--precision tf32 or bf16 needs an NVIDIA GPU: give --device cuda too, or leave out --precision.");
        }

        return new(_engine.Get(parsed), device, threads, parsed.GetValue(_exact), precision);
    }
}
