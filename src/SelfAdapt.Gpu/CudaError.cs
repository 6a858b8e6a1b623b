using System.Globalization;

namespace SelfAdapt.Gpu;

/// <summary>Turns what the driver says into what a user can act on.</summary>
internal static class CudaError
{
    private const int OutOfMemory = 2;
    private const int NoBinaryForGpu = 209;
    private const int InvalidPtx = 218;
    private const int UnsupportedPtxVersion = 222;
    private const int JitCompilerNotFound = 221;

    /// <summary>The error of a failed call.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="result">What the call returned.</param>
    /// <param name="device">The device, for people.</param>
    /// <param name="doing">What it was to do ("copy to the GPU").</param>
    public static SelfAdaptException Of(ICudaDriver driver, int result, string device, string doing) =>
        result == OutOfMemory
            ? new SelfAdaptException(
                ExitCode.OutOfMemory,
                $"{device}: no memory to {doing}. Take a smaller --batch-size or --crop, or give --device cpu.")
            : new SelfAdaptException(
                ExitCode.DeviceMissing,
                $"{device}: could not {doing}: the driver says {driver.Describe(result)}. Run it again; if that "
                + "fails too, give --device cpu.");

    /// <summary>The error of an allocation.</summary>
    public static SelfAdaptException OfAllocation(ICudaDriver driver, int result, string device, long bytes)
    {
        if (result != OutOfMemory)
        {
            return Of(driver, result, device, $"take {Size(bytes)}");
        }

        string left = driver.GetMemory(out long free, out long total) == 0
            ? $"{Size(free)} of {Size(total)} are free"
            : "how much is free is not known";
        return new SelfAdaptException(
            ExitCode.OutOfMemory,
            $"{device}: no memory for {Size(bytes)} more; {left}. Take a smaller --batch-size or --crop, end other "
            + "programs that use this GPU, or give --device cpu.");
    }

    /// <summary>The error of kernels that the driver does not compile.</summary>
    public static SelfAdaptException OfModule(
        ICudaDriver driver, int result, string device, string file, string log)
    {
        string next = result switch
        {
            UnsupportedPtxVersion => "The driver is older than the kernels: install a newer NVIDIA driver",
            NoBinaryForGpu => "The GPU is older than the kernels, which need compute capability 8.0",
            JitCompilerNotFound => "The driver's compiler is missing (libnvidia-ptxjitcompiler): install all of the "
                + "NVIDIA driver",
            InvalidPtx => "The kernels are damaged: install the program again",
            OutOfMemory => "End other programs that use this GPU",
            _ => "Install a newer NVIDIA driver",
        };
        string said = log.Trim();
        return new SelfAdaptException(
            result == OutOfMemory ? ExitCode.OutOfMemory : ExitCode.DeviceMissing,
            $"{device}: the kernels in {file} could not be loaded: {driver.Describe(result)}"
            + $"{(said.Length == 0 ? "" : $" ({said})")}. {next}, or give --device cpu.");
    }

    private static string Size(long bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB");
}
