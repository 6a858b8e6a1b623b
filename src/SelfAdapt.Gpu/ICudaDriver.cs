using System;

namespace SelfAdapt.Gpu;

/// <summary>
/// The calls of the CUDA driver API that are needed, one method each. Every method returns the driver's result, 0 for
/// success; <see cref="CudaDevice"/> turns others into errors that a user can act on. This is the seam where tests put
/// a driver that fails, and where a build may bind another way.
/// </summary>
public unsafe interface ICudaDriver
{
    /// <summary>Where the binding comes from, for people.</summary>
    string Binding { get; }

    /// <summary>cuInit.</summary>
    int Initialize();

    /// <summary>cuDriverGetVersion: 1000 * major + 10 * minor of the newest CUDA it knows.</summary>
    /// <param name="version">The version.</param>
    int GetVersion(out int version);

    /// <summary>cuDeviceGetCount.</summary>
    /// <param name="count">Number of devices.</param>
    int GetDeviceCount(out int count);

    /// <summary>cuDeviceGetName.</summary>
    /// <param name="device">The device.</param>
    /// <param name="name">Its name.</param>
    int GetDeviceName(int device, out string name);

    /// <summary>cuDeviceTotalMem.</summary>
    /// <param name="device">The device.</param>
    /// <param name="bytes">Its memory.</param>
    int GetDeviceMemory(int device, out long bytes);

    /// <summary>cuDeviceGetAttribute.</summary>
    /// <param name="attribute">Which.</param>
    /// <param name="device">The device.</param>
    /// <param name="value">The attribute.</param>
    int GetDeviceAttribute(CudaAttribute attribute, int device, out int value);

    /// <summary>cuDevicePrimaryCtxRetain.</summary>
    /// <param name="device">The device.</param>
    /// <param name="context">Its primary context.</param>
    int RetainContext(int device, out nint context);

    /// <summary>cuDevicePrimaryCtxRelease.</summary>
    /// <param name="device">The device.</param>
    int ReleaseContext(int device);

    /// <summary>cuCtxSetCurrent, for the calling thread.</summary>
    /// <param name="context">The context.</param>
    int SetContext(nint context);

    /// <summary>cuMemGetInfo.</summary>
    /// <param name="free">Bytes that can be taken.</param>
    /// <param name="total">All bytes.</param>
    int GetMemory(out long free, out long total);

    /// <summary>cuModuleLoadDataEx: compiles PTX for the device.</summary>
    /// <param name="ptx">The text, with a zero behind it.</param>
    /// <param name="module">The module.</param>
    /// <param name="log">What the compiler says about an error.</param>
    int LoadModule(ReadOnlySpan<byte> ptx, out nint module, out string log);

    /// <summary>cuModuleUnload.</summary>
    /// <param name="module">The module.</param>
    int UnloadModule(nint module);

    /// <summary>cuModuleGetFunction.</summary>
    /// <param name="module">The module.</param>
    /// <param name="name">The kernel's name.</param>
    /// <param name="function">The kernel.</param>
    int GetFunction(nint module, string name, out nint function);

    /// <summary>cuMemAlloc.</summary>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="address">First byte.</param>
    int Allocate(long bytes, out ulong address);

    /// <summary>cuMemFree.</summary>
    /// <param name="address">First byte.</param>
    int Free(ulong address);

    /// <summary>cuMemHostAlloc: host memory that the device can copy by itself.</summary>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="pointer">First byte.</param>
    int AllocateHost(long bytes, out nint pointer);

    /// <summary>cuMemFreeHost.</summary>
    /// <param name="pointer">First byte.</param>
    int FreeHost(nint pointer);

    /// <summary>cuMemcpyHtoDAsync.</summary>
    /// <param name="target">First byte written, on the device.</param>
    /// <param name="source">First byte read, on the host.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="stream">The queue.</param>
    int CopyToDevice(ulong target, nint source, long bytes, nint stream);

    /// <summary>cuMemcpyDtoHAsync.</summary>
    /// <param name="target">First byte written, on the host.</param>
    /// <param name="source">First byte read, on the device.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="stream">The queue.</param>
    int CopyToHost(nint target, ulong source, long bytes, nint stream);

    /// <summary>cuMemcpyDtoDAsync.</summary>
    /// <param name="target">First byte written.</param>
    /// <param name="source">First byte read.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="stream">The queue.</param>
    int CopyOnDevice(ulong target, ulong source, long bytes, nint stream);

    /// <summary>cuMemsetD8Async with 0.</summary>
    /// <param name="address">First byte.</param>
    /// <param name="bytes">Number of bytes.</param>
    /// <param name="stream">The queue.</param>
    int Clear(ulong address, long bytes, nint stream);

    /// <summary>cuLaunchKernel.</summary>
    /// <param name="function">The kernel.</param>
    /// <param name="shape">Groups, and threads of each.</param>
    /// <param name="stream">The queue.</param>
    /// <param name="parameters">A pointer to each parameter's bytes.</param>
    /// <param name="count">Number of parameters.</param>
    int Launch(nint function, in LaunchShape shape, nint stream, void** parameters, int count);

    /// <summary>cuStreamCreate: one that does not wait for the default stream.</summary>
    /// <param name="stream">The queue.</param>
    int CreateStream(out nint stream);

    /// <summary>cuStreamDestroy.</summary>
    /// <param name="stream">The queue.</param>
    int DestroyStream(nint stream);

    /// <summary>cuStreamSynchronize.</summary>
    /// <param name="stream">The queue.</param>
    int WaitForStream(nint stream);

    /// <summary>cuEventCreate.</summary>
    /// <param name="handle">The event.</param>
    int CreateEvent(out nint handle);

    /// <summary>cuEventRecord.</summary>
    /// <param name="handle">The event.</param>
    /// <param name="stream">The queue.</param>
    int RecordEvent(nint handle, nint stream);

    /// <summary>cuStreamWaitEvent: what is queued from now on waits for the event as recorded last.</summary>
    /// <param name="stream">The queue.</param>
    /// <param name="handle">The event; one that was never recorded is waited for no time.</param>
    int LetStreamWait(nint stream, nint handle);

    /// <summary>cuEventSynchronize.</summary>
    /// <param name="handle">The event.</param>
    int WaitForEvent(nint handle);

    /// <summary>cuEventElapsedTime.</summary>
    /// <param name="from">The earlier.</param>
    /// <param name="to">The later.</param>
    /// <param name="milliseconds">The time between.</param>
    int GetEventTime(nint from, nint to, out float milliseconds);

    /// <summary>cuEventDestroy.</summary>
    /// <param name="handle">The event.</param>
    int DestroyEvent(nint handle);

    /// <summary>cuGetErrorName and cuGetErrorString.</summary>
    /// <param name="result">What a call returned.</param>
    string Describe(int result);
}

/// <summary>Properties of a device (CUdevice_attribute).</summary>
public enum CudaAttribute
{
    /// <summary>Clock of the cores, kHz.</summary>
    ClockRate = 13,

    /// <summary>Number of multiprocessors.</summary>
    Multiprocessors = 16,

    /// <summary>Clock of the memory, kHz.</summary>
    MemoryClockRate = 36,

    /// <summary>Width of the memory bus, bits.</summary>
    MemoryBusWidth = 37,

    /// <summary>Compute capability before the dot.</summary>
    ComputeMajor = 75,

    /// <summary>Compute capability behind the dot.</summary>
    ComputeMinor = 76,
}
