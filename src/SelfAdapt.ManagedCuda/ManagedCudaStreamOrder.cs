using ILGPU.Runtime.Cuda;
using ManagedCuda;
using ManagedCuda.BasicTypes;
using SelfAdapt.Gpu;

namespace SelfAdapt.ManagedCuda;

/// <summary>The CUDA driver's call that ILGPU lacks, through ManagedCuda.</summary>
internal sealed class ManagedCudaStreamOrder : IStreamOrder
{
    public CudaError LetWait(nint stream, nint fence) => (CudaError)DriverAPINativeMethods.Streams.cuStreamWaitEvent(
        new CUstream { Pointer = stream }, new CUevent { Pointer = fence }, 0);
}
