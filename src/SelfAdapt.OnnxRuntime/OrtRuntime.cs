using Microsoft.ML.OnnxRuntime;

namespace SelfAdapt.OnnxRuntime;

/// <summary>ONNX Runtime as it is in this build, on this machine.</summary>
internal static class OrtRuntime
{
    private const string CudaProvider = "CUDAExecutionProvider";

    private static readonly Lazy<(OrtEnv? Environment, string Missing)> Loaded = new(Load);

    /// <summary>Why it can't be used, in one line; null where it can.</summary>
    public static string? Missing => Loaded.Value.Environment is null ? Loaded.Value.Missing : null;

    /// <summary>Why it can't use CUDA, as far as that shows without a model; null where it may.</summary>
    public static string? MissingCuda => Missing
        ?? (Providers.Contains(CudaProvider)
            ? null
            : $"ONNX Runtime {Version} is built without CUDA; build SelfAdapt with -p:OnnxRuntimeGpu=true");

    /// <summary>Its version; "" where it can't be used.</summary>
    public static string Version => Loaded.Value.Environment?.GetVersionString() ?? "";

    /// <summary>
    /// The execution providers it was built with ("CPUExecutionProvider", "CUDAExecutionProvider", ...); whether one
    /// works here shows only when a session asks for it.
    /// </summary>
    public static IReadOnlyList<string> Providers => Loaded.Value.Environment?.GetAvailableProviders() ?? [];

    /// <summary>Calls ONNX Runtime and turns its errors into ours.</summary>
    internal static T Call<T>(Func<T> call)
    {
        Require();
        try
        {
            return call();
        }
        catch (OnnxRuntimeException e)
        {
            bool memory = e.Message.Contains("allocate memory", StringComparison.OrdinalIgnoreCase)
                || e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase);
            throw new SelfAdaptException(
                memory ? ErrorKind.OutOfMemory : ErrorKind.ModelUnsupported,
                $"ONNX Runtime {Version}: {e.Message.Trim()}");
        }
    }

    /// <summary>Adds a GPU to session options.</summary>
    /// <exception cref="SelfAdaptException">It can't be had (DeviceMissing).</exception>
    internal static void AppendCuda(SessionOptions options, int deviceIndex)
    {
        string? missing = MissingCuda;
        if (missing is null)
        {
            try
            {
                options.AppendExecutionProvider_CUDA(deviceIndex);
                return;
            }
            catch (OnnxRuntimeException e)
            {
                missing = e.Message.Trim().TrimEnd('.');
            }
        }

        throw new SelfAdaptException(
            ErrorKind.DeviceMissing,
            $"ONNX Runtime can't use CUDA: {missing}. It needs its GPU build, an NVIDIA driver, CUDA and cuDNN; or "
                + "leave the device to the built-in engine.");
    }

    private static void Require()
    {
        if (Missing is { } missing)
        {
            throw new SelfAdaptException(ErrorKind.DeviceMissing, missing + ".");
        }
    }

    private static (OrtEnv? Environment, string Missing) Load()
    {
        try
        {
            EnvironmentCreationOptions quiet = new()
            {
                logId = "SelfAdapt",
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            };
            OrtEnv environment = OrtEnv.CreateInstanceWithOptions(ref quiet);
            environment.DisableTelemetryEvents();
            return (environment, "");
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or BadImageFormatException
            or EntryPointNotFoundException)
        {
            string why = (e.InnerException ?? e).Message.Split('\n', StringSplitOptions.RemoveEmptyEntries)[0].Trim();
            return (null, $"ONNX Runtime's native library can't be loaded on this machine: {why.TrimEnd('.')}");
        }
    }
}
