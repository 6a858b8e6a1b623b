using System;
using System.Runtime.InteropServices;
using System.Text;
using ManagedCuda;
using ManagedCuda.BasicTypes;
using SelfAdapt.Gpu;

namespace SelfAdapt.ManagedCuda;

/// <summary>The CUDA driver API as ManagedCuda binds it.</summary>
public sealed unsafe class ManagedCudaDriver : ICudaDriver
{
    private const int NameLength = 256;
    private const int LogLength = 8192;

    /// <inheritdoc/>
    public string Binding => "ManagedCuda";

    /// <inheritdoc/>
    public int Initialize() => (int)DriverAPINativeMethods.cuInit(CUInitializationFlags.None);

    /// <inheritdoc/>
    public int GetVersion(out int version)
    {
        version = 0;
        return (int)DriverAPINativeMethods.cuDriverGetVersion(ref version);
    }

    /// <inheritdoc/>
    public int GetDeviceCount(out int count)
    {
        count = 0;
        return (int)DriverAPINativeMethods.DeviceManagement.cuDeviceGetCount(ref count);
    }

    /// <inheritdoc/>
    public int GetDeviceName(int device, out string name)
    {
        byte[] text = new byte[NameLength];
        int result = (int)DriverAPINativeMethods.DeviceManagement.cuDeviceGetName(text, NameLength, Device(device));
        name = Encoding.UTF8.GetString(text).TrimEnd('\0');
        return result;
    }

    /// <inheritdoc/>
    public int GetDeviceMemory(int device, out long bytes)
    {
        SizeT size = 0;
        int result = (int)DriverAPINativeMethods.DeviceManagement.cuDeviceTotalMem_v2(ref size, Device(device));
        bytes = size;
        return result;
    }

    /// <inheritdoc/>
    public int GetDeviceAttribute(CudaAttribute attribute, int device, out int value)
    {
        value = 0;
        return (int)DriverAPINativeMethods.DeviceManagement.cuDeviceGetAttribute(
            ref value, (CUDeviceAttribute)(int)attribute, Device(device));
    }

    /// <inheritdoc/>
    public int RetainContext(int device, out nint context)
    {
        CUcontext retained = default;
        int result = (int)DriverAPINativeMethods.ContextManagement.cuDevicePrimaryCtxRetain(
            ref retained, Device(device));
        context = retained.Pointer;
        return result;
    }

    /// <inheritdoc/>
    public int ReleaseContext(int device) =>
        (int)DriverAPINativeMethods.ContextManagement.cuDevicePrimaryCtxRelease(Device(device));

    /// <inheritdoc/>
    public int SetContext(nint context) =>
        (int)DriverAPINativeMethods.ContextManagement.cuCtxSetCurrent(new CUcontext { Pointer = context });

    /// <inheritdoc/>
    public int GetMemory(out long free, out long total)
    {
        SizeT freeBytes = 0;
        SizeT totalBytes = 0;
        int result = (int)DriverAPINativeMethods.MemoryManagement.cuMemGetInfo_v2(ref freeBytes, ref totalBytes);
        (free, total) = (freeBytes, totalBytes);
        return result;
    }

    /// <inheritdoc/>
    public int LoadModule(ReadOnlySpan<byte> ptx, out nint module, out string log)
    {
        CUmodule loaded = default;
        byte[] text = new byte[LogLength];
        fixed (byte* p = text)
        {
            CUJITOption[] options = [CUJITOption.ErrorLogBuffer, CUJITOption.ErrorLogBufferSizeBytes];
            int result = (int)DriverAPINativeMethods.ModuleManagement.cuModuleLoadDataEx(
                ref loaded, ptx.ToArray(), (uint)options.Length, options, [(nint)p, LogLength]);
            module = loaded.Pointer;
            log = Marshal.PtrToStringUTF8((nint)p) ?? "";
            return result;
        }
    }

    /// <inheritdoc/>
    public int UnloadModule(nint module) =>
        (int)DriverAPINativeMethods.ModuleManagement.cuModuleUnload(new CUmodule { Pointer = module });

    /// <inheritdoc/>
    public int GetFunction(nint module, string name, out nint function)
    {
        CUfunction found = default;
        int result = (int)DriverAPINativeMethods.ModuleManagement.cuModuleGetFunction(
            ref found, new CUmodule { Pointer = module }, name);
        function = found.Pointer;
        return result;
    }

    /// <inheritdoc/>
    public int Allocate(long bytes, out ulong address)
    {
        CUdeviceptr taken = default;
        int result = (int)DriverAPINativeMethods.MemoryManagement.cuMemAlloc_v2(ref taken, bytes);
        address = taken.Pointer;
        return result;
    }

    /// <inheritdoc/>
    public int Free(ulong address) => (int)DriverAPINativeMethods.MemoryManagement.cuMemFree_v2(Address(address));

    /// <inheritdoc/>
    public int AllocateHost(long bytes, out nint pointer)
    {
        pointer = 0;
        return (int)DriverAPINativeMethods.MemoryManagement.cuMemHostAlloc(ref pointer, bytes, 0);
    }

    /// <inheritdoc/>
    public int FreeHost(nint pointer) => (int)DriverAPINativeMethods.MemoryManagement.cuMemFreeHost(pointer);

    /// <inheritdoc/>
    public int CopyToDevice(ulong target, nint source, long bytes, nint stream) =>
        (int)DriverAPINativeMethods.AsynchronousMemcpy_v2.cuMemcpyHtoDAsync_v2(
            Address(target), source, bytes, Stream(stream));

    /// <inheritdoc/>
    public int CopyToHost(nint target, ulong source, long bytes, nint stream) =>
        (int)DriverAPINativeMethods.AsynchronousMemcpy_v2.cuMemcpyDtoHAsync_v2(
            target, Address(source), bytes, Stream(stream));

    /// <inheritdoc/>
    public int CopyOnDevice(ulong target, ulong source, long bytes, nint stream) =>
        (int)DriverAPINativeMethods.AsynchronousMemcpy_v2.cuMemcpyDtoDAsync_v2(
            Address(target), Address(source), bytes, Stream(stream));

    /// <inheritdoc/>
    public int Clear(ulong address, long bytes, nint stream) =>
        (int)DriverAPINativeMethods.MemsetAsync.cuMemsetD8Async(Address(address), 0, bytes, Stream(stream));

    /// <inheritdoc/>
    public int Launch(nint function, in LaunchShape shape, nint stream, void** parameters, int count)
    {
        nint[] pointers = new nint[count];
        for (int i = 0; i < count; i++)
        {
            pointers[i] = (nint)parameters[i];
        }

        return (int)DriverAPINativeMethods.Launch.cuLaunchKernel(
            new CUfunction { Pointer = function }, (uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ,
            (uint)shape.GroupX, (uint)shape.GroupY, 1, 0, Stream(stream), pointers, null);
    }

    /// <inheritdoc/>
    public int CreateStream(out nint stream)
    {
        CUstream made = default;
        int result = (int)DriverAPINativeMethods.Streams.cuStreamCreate(ref made, CUStreamFlags.NonBlocking);
        stream = made.Pointer;
        return result;
    }

    /// <inheritdoc/>
    public int DestroyStream(nint stream) => (int)DriverAPINativeMethods.Streams.cuStreamDestroy_v2(Stream(stream));

    /// <inheritdoc/>
    public int WaitForStream(nint stream) => (int)DriverAPINativeMethods.Streams.cuStreamSynchronize(Stream(stream));

    /// <inheritdoc/>
    public int CreateEvent(out nint handle)
    {
        CUevent made = default;
        int result = (int)DriverAPINativeMethods.Events.cuEventCreate(ref made, CUEventFlags.Default);
        handle = made.Pointer;
        return result;
    }

    /// <inheritdoc/>
    public int RecordEvent(nint handle, nint stream) =>
        (int)DriverAPINativeMethods.Events.cuEventRecord(Event(handle), Stream(stream));

    /// <inheritdoc/>
    public int LetStreamWait(nint stream, nint handle) =>
        (int)DriverAPINativeMethods.Streams.cuStreamWaitEvent(Stream(stream), Event(handle), 0);

    /// <inheritdoc/>
    public int WaitForEvent(nint handle) => (int)DriverAPINativeMethods.Events.cuEventSynchronize(Event(handle));

    /// <inheritdoc/>
    public int GetEventTime(nint from, nint to, out float milliseconds)
    {
        milliseconds = 0;
        return (int)DriverAPINativeMethods.Events.cuEventElapsedTime(ref milliseconds, Event(from), Event(to));
    }

    /// <inheritdoc/>
    public int DestroyEvent(nint handle) => (int)DriverAPINativeMethods.Events.cuEventDestroy_v2(Event(handle));

    /// <inheritdoc/>
    public string Describe(int result)
    {
        nint text = 0;
        CUResult error = (CUResult)result;
        return DriverAPINativeMethods.ErrorHandling.cuGetErrorString(error, ref text) == CUResult.Success
            ? $"{error}, {Marshal.PtrToStringUTF8(text)}"
            : $"error {result}";
    }

    private static CUdevice Device(int index) => new() { Pointer = index };

    private static CUdeviceptr Address(ulong address) => new(address);

    private static CUstream Stream(nint stream) => new() { Pointer = stream };

    private static CUevent Event(nint handle) => new() { Pointer = handle };
}
