using System.Globalization;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace SelfAdapt.Gpu;

/// <summary>How a GPU is reached.</summary>
internal enum GpuKind
{
    Cuda,

    /// <summary>OpenCL, fp32 alone; untried on a device.</summary>
    OpenCl,
}

/// <summary>One GPU, as its driver describes it.</summary>
/// <param name="ComputeMajor">Compute capability before the dot; 0 without CUDA.</param>
/// <param name="ComputeMinor">Compute capability behind the dot; 0 without CUDA.</param>
internal sealed record GpuDeviceInfo(
    GpuKind Kind, int Index, string Name, long MemoryBytes, int ComputeMajor, int ComputeMinor, int Multiprocessors)
{
    internal Device? Device { get; init; }

    /// <summary>Its short name with its number and its own: "cuda:0 NVIDIA A100".</summary>
    public string Label => $"{(Kind == GpuKind.Cuda ? "cuda" : "opencl")}:{Index} {Name}";

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Label}, {MemoryBytes / 1e9:0.0} GB, "
        + $"{(Kind == GpuKind.Cuda ? $"compute capability {ComputeMajor}.{ComputeMinor}, " : "")}"
        + $"{Multiprocessors} multiprocessors");
}

/// <summary>What a look for GPUs of a kind found on this machine.</summary>
/// <param name="Missing">Why there is no GPU to use, in a few words; "" where there is one.</param>
/// <param name="Version">The newest CUDA that the driver knows, as people write it; "" without one.</param>
internal sealed record GpuDevices(
    GpuKind Kind, IReadOnlyList<GpuDeviceInfo> Devices, string Missing, string Version = "")
{
    /// <summary>What was found, or what is missing, in one line.</summary>
    public string Text => Devices.Count == 0
        ? Missing
        : $"{Devices.Count} GPU{(Devices.Count == 1 ? "" : "s")}, first {Devices[0].Name}"
            + $"{(Version.Length == 0 ? "" : $"; driver for CUDA {Version}")}";

    /// <summary>Looks for drivers and their GPUs. It takes no memory on any of them.</summary>
    public static GpuDevices Find(GpuKind kind) => kind == GpuKind.Cuda ? FindCuda() : FindOpenCl();

    public GpuDeviceInfo Require(int index)
    {
        string option = Kind == GpuKind.Cuda ? "cuda" : "opencl";
        return Devices.FirstOrDefault(d => d.Index == index) ?? throw new SelfAdaptException(
            ErrorKind.DeviceMissing,
            Devices.Count == 0
                ? $"{option}: {Missing}. Without a device that is asked for, all runs on the CPU."
                : $"{option}:{index}: there is no such GPU; this machine has {string.Join("; ", Devices)}.");
    }

    private static GpuDevices FindCuda()
    {
        CudaLibrary.Register();
        if (!CudaLibrary.IsThere)
        {
            return new(
                GpuKind.Cuda, [],
                $"no NVIDIA driver on this machine (its library {CudaLibrary.FileName} is not there)");
        }

        if (CudaLibrary.Fault() is { Length: > 0 } fault)
        {
            return new(GpuKind.Cuda, [], fault);
        }

        GpuDeviceInfo[] devices = [.. CudaDevice.GetDevices(_ => true).OfType<CudaDevice>()
            .Select(d => new GpuDeviceInfo(
                GpuKind.Cuda, d.DeviceId, d.Name, d.MemorySize, d.Architecture!.Value.Major,
                d.Architecture.Value.Minor, d.NumMultiprocessors) { Device = d })];
        if (devices.Length > 0)
        {
            _ = CudaAPI.CurrentAPI.GetDriverVersion(out CudaDriverVersion version);
            return new(GpuKind.Cuda, devices, "", $"{version.Major}.{version.Minor}");
        }

        CudaError result = CudaAPI.CurrentAPI.GetDeviceCount(out int count);
        string why = result != CudaError.CUDA_SUCCESS ? $" ({GpuError.Describe(result)})"
            : count > 0 ? " (it tells nothing about its GPUs)"
            : "";
        return new(GpuKind.Cuda, [], $"an NVIDIA driver is there, but no GPU that it can use{why}");
    }

    private static GpuDevices FindOpenCl()
    {
        GpuDeviceInfo[] devices = [.. CLDevice.GetDevices(d => d.Capabilities.GenericAddressSpace)
            .Select((d, i) => new GpuDeviceInfo(
                GpuKind.OpenCl, i, d.Name, d.MemorySize, 0, 0, d.NumMultiprocessors) { Device = d })];
        return new(
            GpuKind.OpenCl, devices,
            devices.Length > 0 ? ""
            : CLAPI.CurrentAPI.IsSupported
                ? "OpenCL is there, but no device that the kernels can use (they need its generic address space)"
                : "no OpenCL on this machine (its library is not there)");
    }
}
