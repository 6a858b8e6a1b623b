using System;
using System.Collections.Generic;
using System.Globalization;

namespace SelfAdapt.Gpu;

/// <summary>One GPU, as the driver describes it.</summary>
/// <param name="Index">The number in cuda:N.</param>
/// <param name="Name">Its name.</param>
/// <param name="MemoryBytes">Its memory.</param>
/// <param name="ComputeMajor">Compute capability before the dot.</param>
/// <param name="ComputeMinor">Compute capability behind the dot.</param>
/// <param name="Multiprocessors">Number of multiprocessors.</param>
public sealed record CudaDeviceInfo(
    int Index, string Name, long MemoryBytes, int ComputeMajor, int ComputeMinor, int Multiprocessors)
{
    /// <summary>All of it in one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"cuda:{Index} {Name}, {MemoryBytes / 1e9:0.0} GB, compute capability {ComputeMajor}.{ComputeMinor}, "
        + $"{Multiprocessors} multiprocessors");
}

/// <summary>What a look for NVIDIA GPUs found on this machine.</summary>
public sealed class CudaDevices
{
    private CudaDevices(ICudaDriver? driver, int version, IReadOnlyList<CudaDeviceInfo> devices, string missing) =>
        (Driver, DriverVersion, Devices, Missing) = (driver, version, devices, missing);

    /// <summary>The binding, or null where there is no driver.</summary>
    public ICudaDriver? Driver { get; }

    /// <summary>The newest CUDA that the driver knows, 1000 * major + 10 * minor; 0 where there is none.</summary>
    public int DriverVersion { get; }

    /// <summary>The GPUs that can be used.</summary>
    public IReadOnlyList<CudaDeviceInfo> Devices { get; }

    /// <summary>Why there is no GPU to use, in a few words; "" where there is one.</summary>
    public string Missing { get; }

    /// <summary>What was found, or what is missing, in one line.</summary>
    public string Text => Devices.Count == 0
        ? Missing
        : $"{Devices.Count} GPU{(Devices.Count == 1 ? "" : "s")}, first {Devices[0].Name}; driver for CUDA {Version}";

    /// <summary>The newest CUDA that the driver knows, as people write it.</summary>
    public string Version => $"{DriverVersion / 1000}.{DriverVersion % 1000 / 10}";

    /// <summary>Looks for the driver and its GPUs. It takes no memory on any of them.</summary>
    public static CudaDevices Find() =>
        CudaDriver.TryLoad(out CudaDriver? driver, out string missing)
            ? Find(driver)
            : new(null, 0, [], missing);

    /// <summary>Asks a driver for its GPUs.</summary>
    /// <param name="driver">The driver.</param>
    public static CudaDevices Find(ICudaDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        int result = driver.Initialize();
        int count = 0;
        if (result == 0)
        {
            result = driver.GetDeviceCount(out count);
        }

        if (result != 0 || count == 0)
        {
            string why = result == 0 ? "" : $" ({driver.Describe(result)})";
            return new(driver, 0, [], $"an NVIDIA driver is there, but no GPU that it can use{why}");
        }

        _ = driver.GetVersion(out int version);
        List<CudaDeviceInfo> devices = [];
        for (int i = 0; i < count; i++)
        {
            if (driver.GetDeviceName(i, out string name) == 0
                && driver.GetDeviceMemory(i, out long bytes) == 0
                && driver.GetDeviceAttribute(CudaAttribute.ComputeMajor, i, out int major) == 0
                && driver.GetDeviceAttribute(CudaAttribute.ComputeMinor, i, out int minor) == 0
                && driver.GetDeviceAttribute(CudaAttribute.Multiprocessors, i, out int processors) == 0)
            {
                devices.Add(new CudaDeviceInfo(i, name, bytes, major, minor, processors));
            }
        }

        return new(
            driver, version, devices,
            devices.Count > 0 ? "" : "an NVIDIA driver is there, but tells nothing about its GPUs");
    }
}
