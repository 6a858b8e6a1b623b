using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>doctor: what there is on this machine to run networks with.</summary>
internal static class DoctorVerb
{
    private const int Channels = 64;
    private const int Side = 128;
    private const int Kernel = 3;

    public static Command Create(Terminal terminal)
    {
        EngineArguments engine = new();
        SettingOptions<DoctorSettings> options = new();
        Command command = new("doctor", "Show engines, devices and speed of this machine");
        engine.AddTo(command);
        options.AddTo(command);
        command.SetAction(parsed => Run(terminal, engine.Get(parsed), options.Get(parsed).Json));
        return command;
    }

    private static int Run(Terminal terminal, EngineRequest request, string? json)
    {
        ResultFile.Check(json);
        using CpuBackend backend = new(request.Threads);
        GpuDevices cuda = GpuDevices.Find(GpuKind.Cuda);
        GpuDevices openCl = GpuDevices.Find(GpuKind.OpenCl);
        double speed = MeasureConvolution(backend);
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

        void Row(string name, string text) => terminal.Out.WriteLine($"{name,-14}{text}");
        Row("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, "
            + RuntimeInformation.FrameworkDescription);
        Row("memory", string.Create(CultureInfo.InvariantCulture, $"{memory / 1e9:0.0} GB"));
        Row("built-in", string.Create(
            CultureInfo.InvariantCulture,
            $"{backend.Name}; a {Kernel}x{Kernel} convolution runs at {speed:0} GFLOP/s"));
        Row("ONNX Runtime", OrtRuntime.Missing
            ?? $"{OrtRuntime.Version}; providers: {string.Join(", ", OrtRuntime.Providers)}");
        Row("CUDA", cuda.Devices.Count == 0
            ? cuda.Missing
            : $"driver for CUDA {cuda.Version}");
        foreach (GpuDeviceInfo device in cuda.Devices)
        {
            Row("", device.ToString());
        }

        Row("OpenCL", openCl.Devices.Count == 0 ? openCl.Missing : "--device opencl is untried on a device");
        foreach (GpuDeviceInfo device in openCl.Devices)
        {
            Row("", device.ToString());
        }

        Row("training", $"built-in engine on {(cuda.Devices.Count > 0 ? cuda.Devices[0].Name : backend.Name)}");
        Row("segmentation", cuda.Devices.Count > 0 && OrtRuntime.MissingCuda is null
            ? "ONNX Runtime on CUDA:0 where its CUDA libraries load, else the built-in engine"
            : $"built-in engine on {(cuda.Devices.Count > 0 ? "the GPU" : "the CPU")} unless --engine ort is given");
        if (cuda.Devices.Count > 0 && OrtRuntime.MissingCuda is { } missing)
        {
            Row("", missing);
        }

        ResultFile.Write(json, new JsonObject
        {
            ["builtin"] = backend.Name,
            ["instruction_set"] = CpuBackend.InstructionSet,
            ["processors"] = Environment.ProcessorCount,
            ["memory_bytes"] = memory,
            ["convolution_gflops"] = ResultFile.Number(speed),
            ["onnxruntime"] = OrtRuntime.Missing is null
                ? new JsonObject
                {
                    ["version"] = OrtRuntime.Version,
                    ["providers"] = new JsonArray([.. OrtRuntime.Providers.Select(p => JsonValue.Create(p))]),
                }
                : null,
            ["onnxruntime_reason"] = OrtRuntime.Missing,
            ["cuda_devices"] = cuda.Devices.Count,
            ["cuda"] = cuda.Text,
            ["cuda_version"] = cuda.Devices.Count == 0 ? null : cuda.Version,
            ["opencl_devices"] = openCl.Devices.Count,
            ["opencl"] = openCl.Text,
            ["gpus"] = new JsonArray([.. cuda.Devices.Select(d => new JsonObject
            {
                ["name"] = d.Name,
                ["memory_bytes"] = d.MemoryBytes,
                ["compute_capability"] = $"{d.ComputeMajor}.{d.ComputeMinor}",
                ["multiprocessors"] = d.Multiprocessors,
            })]),
        });
        if (request.Device.IsGpu)
        {
            (request.Device.Kind == DeviceKind.Cuda ? cuda : openCl).Require(request.Device.Index);
        }

        return (int)ExitCode.Ok;
    }

    /// <summary>Billions of multiplications and additions per second, over about a second.</summary>
    private static double MeasureConvolution(CpuBackend backend)
    {
        TensorShape shape = new(1, Channels, Side, Side);
        using DeviceVector weights = backend.CreateVector(Channels * Channels * Kernel * Kernel);
        using DeviceTensor x = backend.CreateTensor(shape);
        using DeviceTensor y = backend.CreateTensor(shape);
        using Convolution convolution = backend.CreateConvolution(Channels, Channels, Kernel);
        convolution.LoadWeights(weights.Slice(0, weights.Length), null, forBackward: false);
        convolution.Forward(new NormalizedTensor(x), default, y);
        Stopwatch watch = Stopwatch.StartNew();
        long runs = 0;
        do
        {
            convolution.Forward(new NormalizedTensor(x), default, y);
            runs++;
        }
        while (watch.Elapsed < TimeSpan.FromSeconds(1));

        double operations = 2.0 * runs * Side * Side * Channels * Channels * Kernel * Kernel;
        return operations / watch.Elapsed.TotalSeconds / 1e9;
    }

    private sealed record DoctorSettings : ResultSettings;
}
