using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Gpu;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.OnnxRuntime;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Engines;

/// <summary>
/// A network ready to segment, on the engine that was chosen, with the reason for the choice.
/// </summary>
internal sealed class InferenceEngine : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _owned;

    private InferenceEngine(
        ISegmentationNetwork network, string name, params IReadOnlyList<IDisposable> owned)
        => (Network, Name, _owned) = (network, name, [network, .. owned]);

    public ISegmentationNetwork Network { get; }

    /// <summary>The engine, where it runs, and why it was chosen, in one line.</summary>
    public string Name { get; }

    /// <summary>Opens a network.</summary>
    /// <param name="request">What the user asked for.</param>
    /// <param name="log">Told why a GPU that is there is not taken, where none was asked for.</param>
    /// <exception cref="SelfAdaptException">
    /// DeviceMissing: an engine or device that was asked for is missing. ModelUnsupported: the engine can't
    /// run it.
    /// </exception>
    public static InferenceEngine Open(RunnableNetwork model, EngineRequest request, TextWriter log)
    {
        string ortReason = "asked for";
        if (model.WhyOrtOnly is { } refusal)
        {
            if (request.Kind == EngineKind.Builtin || request.Device.Kind == DeviceKind.OpenCl)
            {
                throw refusal;
            }

            request = request with { Kind = EngineKind.Ort };
            ortReason = "the built-in engine can't: " + RunnableNetwork.Reason(refusal);
        }

        if (request.Kind == EngineKind.Ort)
        {
            RequireOrt();
        }

        if (request.Kind == EngineKind.Builtin || request.Device.Kind is DeviceKind.Cpu or DeviceKind.OpenCl)
        {
            return request.Kind == EngineKind.Ort
                ? OpenOrt(model, new OrtOptions(Threads: request.Threads), ortReason)
                : OpenBuiltin(
                    model, request,
                    request.Kind == EngineKind.Builtin || request.Device.IsGpu ? "asked for" : "the default on a CPU",
                    log);
        }

        GpuDevices cuda = GpuDevices.Find(GpuKind.Cuda);
        OrtOptions gpu = new(OrtDevice.Cuda, request.Device.Index);
        string? missing = cuda.Devices.Count == 0 ? cuda.Missing : OrtRuntime.MissingCuda;
        if (request.Kind == EngineKind.Ort)
        {
            try
            {
                if (missing is null)
                {
                    return OpenOrt(model, gpu, ortReason);
                }
            }
            catch (SelfAdaptException e)
                when (e.Kind == ErrorKind.DeviceMissing && request.Device.Kind == DeviceKind.Auto)
            {
                missing = e.Message;
            }

            return request.Device.Kind == DeviceKind.Auto
                    ? OpenOrt(
                        model, new OrtOptions(Threads: request.Threads), model.WhyOrtOnly is null ? missing : ortReason)
                    : throw new SelfAdaptException(
                        ErrorKind.DeviceMissing, $"--device cuda: {missing}. Leave out --device to run on the CPU.");
        }

        if (cuda.Devices.Count == 0 && request.Device.Kind == DeviceKind.Auto)
        {
            return OpenBuiltin(model, request, "the default on a CPU", log);
        }

        try
        {
            return missing is null
                ? OpenOrt(model, gpu, "a GPU is there")
                : OpenBuiltin(model, request, missing, log);
        }
        catch (SelfAdaptException e)
            when (missing is null && e.Kind is ErrorKind.DeviceMissing or ErrorKind.ModelUnsupported)
        {
            return OpenBuiltin(model, request, e.Message, log);
        }
    }

    /// <summary>The built-in engine's compute backend.</summary>
    /// <param name="request">What the user asked for.</param>
    /// <param name="log">Told why a GPU that is there is not taken, where none was asked for.</param>
    /// <exception cref="SelfAdaptException">
    /// DeviceMissing: a GPU was asked for and can't be had. OutOfMemory: it has no memory left.
    /// </exception>
    public static Backend OpenBackend(EngineRequest request, TextWriter log)
    {
        if (request.Device.Kind != DeviceKind.Cpu)
        {
            GpuDevices gpus = GpuDevices.Find(request.Device.GpuKind);
            bool asked = request.Device.IsGpu;
            if (asked || gpus.Devices.Count > 0)
            {
                try
                {
                    return GpuBackend.Open(gpus, request.Device.Index, request.Precision);
                }
                catch (SelfAdaptException e) when (!asked)
                {
                    log.WriteLine($"on the CPU, though a GPU is there: {e.Message}");
                }
            }
        }

        return new CpuBackend(request.Threads, request.Exact);
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>Makes sure that ONNX Runtime is there, where it was asked for.</summary>
    /// <exception cref="SelfAdaptException">DeviceMissing: it can't be loaded.</exception>
    public static void RequireOrt()
    {
        if (OrtRuntime.Missing is { } missing)
        {
            throw new SelfAdaptException(
                ErrorKind.DeviceMissing,
                $"--engine ort: {missing}. Leave out --engine to use the built-in engine, which needs no library.");
        }
    }

    /// <summary>Makes sure that ONNX Runtime can run a model at the sizes that come up in training.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: its input has a fixed size.</exception>
    public static void RequireFreeSizes(ModelFile model)
    {
        if (ImageInput.Read(model.Onnx).HasFixedSize)
        {
            OnnxValueInfo input = model.Onnx.Graph.Inputs[0];
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Path,
                $"its input {input} has a fixed size, so ONNX Runtime can't run it on crops of other sizes. Give "
                + "--engine builtin, which can.");
        }
    }

    private static InferenceEngine OpenOrt(RunnableNetwork model, OrtOptions options, string why) => new(
        OrtNetwork.Load(model.Model.Onnx, model.Ort, options),
        $"ONNX Runtime {OrtRuntime.Version} on {options.ProviderName} ({why})");

    private static InferenceEngine OpenBuiltin(RunnableNetwork model, EngineRequest request, string why, TextWriter log)
    {
        Backend backend = OpenBackend(request, log);
        NetworkWeights weights = new(model.Trainable!, backend);
        return new InferenceEngine(
            new EngineNetwork(weights, backend), $"built-in engine on {backend.Name} ({why})", weights, backend);
    }
}
