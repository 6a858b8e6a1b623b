using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>
/// Where the driver's library is. ILGPU asks for libcuda.so, which on Linux comes with development files alone; the
/// driver itself brings libcuda.so.1.
/// </summary>
internal static partial class CudaLibrary
{
    public const string Name = "cuda";

    private static readonly bool s_registered = RegisterOnce();

    /// <summary>The file that a driver brings.</summary>
    public static string FileName { get; } = OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>True where it is on this machine.</summary>
    public static bool IsThere => Resolve() != 0;

    /// <summary>Why a driver that is there can't be used; "" where it can. ILGPU keeps that to itself.</summary>
    public static string Fault()
    {
        try
        {
            CudaError result = cuInit(0);
            return result != CudaError.CUDA_SUCCESS
                ? $"an NVIDIA driver is there, but no GPU that it can use ({result})"
                : CudaAPI.CurrentAPI.IsSupported ? ""
                : $"the NVIDIA driver's library {FileName} is not one that ILGPU can use";
        }
        catch (EntryPointNotFoundException e)
        {
            return $"the NVIDIA driver's library {FileName} is too old or damaged: {e.Message.TrimEnd('.')}";
        }
    }

    /// <summary>To be called before ILGPU touches the driver.</summary>
    public static void Register() => _ = s_registered;

    private static bool RegisterOnce()
    {
        foreach (Assembly assembly in (Assembly[])[typeof(CudaAPI).Assembly, typeof(CudaLibrary).Assembly])
        {
            NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => name == Name ? Resolve() : 0);
        }

        return true;
    }

    private static nint Resolve() => NativeLibrary.TryLoad(FileName, out nint library) ? library : 0;

    [LibraryImport(Name)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial CudaError cuInit(uint flags);
}
