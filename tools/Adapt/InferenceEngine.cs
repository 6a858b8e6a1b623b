using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Compute;
using SelfAdapt.Compute.Cpu;
using SelfAdapt.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>
/// A network ready to segment, on the engine that was chosen, with the reason for the choice.
/// </summary>
internal sealed class InferenceEngine : IDisposable
{
    private const string CudaProvider = "CUDAExecutionProvider";

    private readonly IReadOnlyList<IDisposable> _owned;

    private InferenceEngine(
        ISegmentationNetwork network, string name, params IReadOnlyList<IDisposable> owned)
        => (Network, Name, _owned) = (network, name, [network, .. owned]);

    /// <summary>The network.</summary>
    public ISegmentationNetwork Network { get; }

    /// <summary>The engine, where it runs, and why it was chosen, in one line.</summary>
    public string Name { get; }

    /// <summary>Opens a network.</summary>
    /// <param name="model">The model file.</param>
    /// <param name="network">The same, as the engine takes it.</param>
    /// <param name="request">What the user asked for.</param>
    /// <exception cref="SelfAdaptException">
    /// DeviceMissing: an engine or device that was asked for is missing. ModelUnsupported: the engine can't
    /// run it.
    /// </exception>
    public static InferenceEngine Open(ModelFile model, Network network, EngineRequest request)
    {
        string reason = "";
        OrtLibrary? library =
            request.Kind == EngineKind.Ort ? RequireOrt() : OrtLibrary.TryFind(null, out reason);
        if (request.Device == DeviceKind.Cuda)
        {
            RequireCuda(request.Kind, library, reason);
            return OpenOrt(library!, model, network, new OrtOptions(OrtDevice.Cuda), "asked for");
        }

        if (request.Kind == EngineKind.Auto && request.Device == DeviceKind.Auto
            && library is not null && library.Providers.Contains(CudaProvider)
            && CudaDriver.Probe().Devices > 0)
        {
            try
            {
                return OpenOrt(library, model, network, new OrtOptions(OrtDevice.Cuda), "a GPU is there");
            }
            catch (SelfAdaptException e) when (e.Code is ExitCode.DeviceMissing or ExitCode.ModelUnsupported)
            {
                return OpenBuiltin(network, request, $"a GPU is there, but: {e.Message}");
            }
        }

        return request.Kind == EngineKind.Ort
            ? OpenOrt(library!, model, network, new OrtOptions(Threads: request.Threads), "asked for")
            : OpenBuiltin(
                network, request, request.Kind == EngineKind.Builtin ? "asked for" : "the default on a CPU");
    }

    /// <summary>The built-in engine's compute backend for training.</summary>
    /// <param name="request">What the user asked for.</param>
    /// <exception cref="SelfAdaptException">DeviceMissing: training on a GPU was asked for.</exception>
    public static Backend OpenTraining(EngineRequest request)
    {
        if (request.Device == DeviceKind.Cuda)
        {
            throw new SelfAdaptException(
                ExitCode.DeviceMissing,
                "--device cuda: the engine that trains has no GPU kernels in this version, and "
                + $"{CudaDriver.Probe().Text}. Leave out --device to train on the CPU.");
        }

        return new CpuBackend(request.Threads, request.Exact);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>ONNX Runtime, where it was asked for.</summary>
    /// <exception cref="SelfAdaptException">DeviceMissing: it is not there.</exception>
    public static OrtLibrary RequireOrt() =>
        OrtLibrary.TryFind(null, out string reason) ?? throw new SelfAdaptException(
            ExitCode.DeviceMissing,
            $"--engine ort: {reason}. Leave out --engine to use the built-in engine, which needs no "
                + $"library.");

    /// <summary>Makes sure that ONNX Runtime can run a model at the sizes that come up.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: its input has a fixed size.</exception>
    public static void RequireFreeSizes(ModelFile model)
    {
        OnnxValueInfo input = model.Onnx.Graph.Inputs[0];
        if (input.Shape!.Where((_, axis) => axis != 1).Any(d => d.Value is not null))
        {
            throw new SelfAdaptException(
                ExitCode.ModelUnsupported,
                $"{model.Path}: its input {input.Name} has the fixed size "
                    + $"[{string.Join(",", input.Shape!)}], so ONNX "
                + "Runtime can't run it on tiles of other sizes. Give --engine builtin, which can.");
        }
    }

    private static void RequireCuda(EngineKind kind, OrtLibrary? library, string reason)
    {
        string? missing = kind == EngineKind.Builtin
            ? "the built-in engine has no GPU kernels in this version"
            : library is null ? reason
            : !library.Providers.Contains(CudaProvider)
                ? $"ONNX Runtime {library.Version} in {library.Path} was built without CUDA; point "
                    + $"{OrtLibrary.PathVariable} to a GPU build of it"
                : null;
        CudaDriver.Finding driver = CudaDriver.Probe();
        if (missing is not null || driver.Devices == 0)
        {
            string all =
                string.Join("; ",
                new[] { missing, driver.Devices == 0 ? driver.Text : null }.OfType<string>());
            throw new SelfAdaptException(
                ExitCode.DeviceMissing, $"--device cuda: {all}. Leave out --device to run on the CPU.");
        }
    }

    private static InferenceEngine OpenOrt(
        OrtLibrary library, ModelFile model, Network network, OrtOptions options, string why)
    {
        RequireFreeSizes(model);
        OrtNetwork opened = OrtNetwork.Load(
            library, model.Onnx,
                new OrtNetworkOutputs(network.OutputName, network.EmbeddingName, network.Outputs),
            options);
        return new InferenceEngine(
            opened, $"ONNX Runtime {library.Version} on {options.ProviderName} ({why})");
    }

    private static InferenceEngine OpenBuiltin(Network network, EngineRequest request, string why)
    {
        CpuBackend backend = new(request.Threads, request.Exact);
        NetworkWeights weights = new(network, backend);
        return new InferenceEngine(
            new EngineNetwork(weights, backend), $"built-in engine on {backend.Name} ({why})", weights,
                backend);
    }
}
