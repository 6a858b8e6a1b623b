using System.Runtime.InteropServices;
using System.Text;

namespace SelfAdapt.Tool;

/// <summary>Looks for an NVIDIA driver and asks it which GPUs there are.</summary>
internal static unsafe class CudaDriver
{
    private const int NameLength = 256;

    private static readonly string[] LibraryNames = ["libcuda.so.1", "nvcuda.dll", "libcuda.so"];

    /// <summary>What was found.</summary>
    /// <param name="Devices">Number of GPUs that can be used.</param>
    /// <param name="Text">What was found, or what is missing, in a few words.</param>
    public readonly record struct Finding(int Devices, string Text);

    /// <summary>Loads the driver's library if there is one and counts the GPUs.</summary>
    public static Finding Probe()
    {
        nint library = 0;
        foreach (string name in LibraryNames)
        {
            if (NativeLibrary.TryLoad(name, out library))
            {
                break;
            }
        }

        if (library == 0)
        {
            return new(0, "no NVIDIA driver on this machine (its library libcuda is not there)");
        }

        if (!NativeLibrary.TryGetExport(library, "cuInit", out nint init)
            || !NativeLibrary.TryGetExport(library, "cuDeviceGetCount", out nint getCount)
            || !NativeLibrary.TryGetExport(library, "cuDeviceGetName", out nint getName)
            || !NativeLibrary.TryGetExport(library, "cuDriverGetVersion", out nint getVersion))
        {
            return new(0, "an NVIDIA driver is there, but its library lacks functions; it may be damaged");
        }

        int error = ((delegate* unmanaged<uint, int>)init)(0);
        int count = 0;
        if (error != 0 || ((delegate* unmanaged<int*, int>)getCount)(&count) != 0 || count == 0)
        {
            return new(0, $"an NVIDIA driver is there, but no GPU that it can use (error {error})");
        }

        int version;
        _ = ((delegate* unmanaged<int*, int>)getVersion)(&version);
        byte* name0 = stackalloc byte[NameLength];
        new System.Span<byte>(name0, NameLength).Clear();
        _ = ((delegate* unmanaged<byte*, int, int, int>)getName)(name0, NameLength, 0);
        string gpu = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name0));
        return new(count, $"{count} GPU{(count == 1 ? "" : "s")}, first {gpu}; driver for CUDA "
            + $"{version / 1000}.{version % 1000 / 10}");
    }
}
