using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>What the backend needs of the CUDA driver and ILGPU's binding lacks.</summary>
internal interface IStreamOrder
{
    /// <summary>Lets a stream wait for an event as recorded last; for one never recorded it does not wait.</summary>
    CudaError LetWait(nint stream, nint fence);
}

internal sealed partial class DriverStreamOrder : IStreamOrder
{
    static DriverStreamOrder() => CudaLibrary.Register();

    public CudaError LetWait(nint stream, nint fence) => cuStreamWaitEvent(stream, fence, 0);

    [LibraryImport(CudaLibrary.Name)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial CudaError cuStreamWaitEvent(nint stream, nint fence, uint flags);
}
