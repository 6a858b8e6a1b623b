using System.Globalization;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace SelfAdapt.Gpu;

/// <summary>Turns what a driver says into what a user can act on.</summary>
internal static class GpuError
{
    // ILGPU has no names for them.
    private const CudaError JitCompilerNotFound = (CudaError)221;
    private const CudaError UnsupportedPtxVersion = (CudaError)222;

    /// <summary>True for what ILGPU throws when a device or its driver fails.</summary>
    public static bool IsOfDevice(Exception e) => e is AcceleratorException or NotSupportedException;

    /// <param name="doing">What it was to do ("copy to the GPU").</param>
    public static SelfAdaptException Of(string device, string doing, Exception e) =>
        Of(device, doing, IsOutOfMemory(e), e switch
        {
            CudaException cuda => $"{cuda.Error}, {cuda.Message}",
            CLException cl => $"{cl.Error}, {cl.Message}",
            _ => e.Message,
        });

    /// <summary>The same for a result of the CUDA driver.</summary>
    public static SelfAdaptException Of(string device, string doing, CudaError result) =>
        Of(device, doing, result == CudaError.CUDA_ERROR_OUT_OF_MEMORY, Describe(result));

    public static void Check(CudaError result, string device, string doing)
    {
        if (result != CudaError.CUDA_SUCCESS)
        {
            throw Of(device, doing, result);
        }
    }

    public static SelfAdaptException OfAllocation(string device, long bytes, long? freeBytes, Exception e)
    {
        if (!IsOutOfMemory(e))
        {
            return Of(device, $"take {Size(bytes)}", e);
        }

        string left = freeBytes is { } free ? $"{Size(free)} are free" : "how much is free is not known";
        return new SelfAdaptException(
            ErrorKind.OutOfMemory, device,
            $"no memory for {Size(bytes)} more; {left}. Take a smaller batch or crop, end other "
            + "programs that use this GPU, or run on the CPU.");
    }

    /// <summary>The error of a kernel that the CUDA driver does not compile.</summary>
    public static SelfAdaptException OfModule(string device, string kernel, string log, CudaError result)
    {
        string next = result switch
        {
            UnsupportedPtxVersion =>
                "The driver is older than the kernels: install a newer NVIDIA driver",
            CudaError.CUDA_ERROR_NO_BINARY_FOR_GPU =>
                "The GPU is older than the kernels, which need compute capability 8.0",
            JitCompilerNotFound =>
                "The driver's compiler is missing (libnvidia-ptxjitcompiler): install all of the NVIDIA driver",
            CudaError.CUDA_ERROR_OUT_OF_MEMORY => "End other programs that use this GPU",
            _ => "Install a newer NVIDIA driver",
        };
        string said = log.Split('\0')[0].Trim();
        return new SelfAdaptException(
            result == CudaError.CUDA_ERROR_OUT_OF_MEMORY ? ErrorKind.OutOfMemory : ErrorKind.DeviceMissing,
            device,
            $"the kernel {kernel} could not be loaded: {Describe(result)}"
            + $"{(said.Length == 0 ? "" : $" ({said})")}. {next}, or run on the CPU.");
    }

    /// <summary>A result's name and what the driver says about it.</summary>
    public static string Describe(CudaError result) => $"{result}, {CudaAPI.CurrentAPI.GetErrorString(result)}";

    private static SelfAdaptException Of(string device, string doing, bool outOfMemory, string said) => outOfMemory
        ? new SelfAdaptException(
            ErrorKind.OutOfMemory, device,
            $"no memory to {doing}. Take a smaller batch or crop, or run on the CPU.")
        : new SelfAdaptException(
            ErrorKind.DeviceMissing, device,
            $"could not {doing}: the driver says {said}. Run it again; if that fails too, run on the CPU.");

    private static bool IsOutOfMemory(Exception e) => e switch
    {
        CudaException cuda => cuda.Error == nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY),
        CLException cl => cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_RESOURCES
            or CLError.CL_OUT_OF_HOST_MEMORY,
        _ => false,
    };

    private static string Size(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB");
}
