using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace SelfAdapt.Gpu;

/// <summary>
/// The project's own binding of the CUDA driver API: the library that comes with NVIDIA's driver, found at run time.
/// Machines without it lose nothing but the device.
/// </summary>
public sealed unsafe class CudaDriver : ICudaDriver
{
    private const int NameLength = 256;
    private const int LogLength = 8192;
    private const int OptionErrorLog = 5;
    private const int OptionErrorLogLength = 6;
    private const uint NonBlocking = 1;

    private static readonly string[] LibraryNames = ["libcuda.so.1", "nvcuda.dll", "libcuda.so"];

    private readonly delegate* unmanaged<uint, int> _init;
    private readonly delegate* unmanaged<int*, int> _driverGetVersion;
    private readonly delegate* unmanaged<int*, int> _deviceGetCount;
    private readonly delegate* unmanaged<byte*, int, int, int> _deviceGetName;
    private readonly delegate* unmanaged<nuint*, int, int> _deviceTotalMem;
    private readonly delegate* unmanaged<int*, int, int, int> _deviceGetAttribute;
    private readonly delegate* unmanaged<nint*, int, int> _primaryContextRetain;
    private readonly delegate* unmanaged<int, int> _primaryContextRelease;
    private readonly delegate* unmanaged<nint, int> _contextSetCurrent;
    private readonly delegate* unmanaged<nuint*, nuint*, int> _memGetInfo;
    private readonly delegate* unmanaged<nint*, void*, uint, int*, void**, int> _moduleLoadDataEx;
    private readonly delegate* unmanaged<nint, int> _moduleUnload;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _moduleGetFunction;
    private readonly delegate* unmanaged<ulong*, nuint, int> _memAlloc;
    private readonly delegate* unmanaged<ulong, int> _memFree;
    private readonly delegate* unmanaged<nint*, nuint, uint, int> _memHostAlloc;
    private readonly delegate* unmanaged<nint, int> _memFreeHost;
    private readonly delegate* unmanaged<ulong, nint, nuint, nint, int> _memcpyHtoD;
    private readonly delegate* unmanaged<nint, ulong, nuint, nint, int> _memcpyDtoH;
    private readonly delegate* unmanaged<ulong, ulong, nuint, nint, int> _memcpyDtoD;
    private readonly delegate* unmanaged<ulong, byte, nuint, nint, int> _memsetD8;
    private readonly delegate* unmanaged<
        nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launchKernel;
    private readonly delegate* unmanaged<nint*, uint, int> _streamCreate;
    private readonly delegate* unmanaged<nint, int> _streamDestroy;
    private readonly delegate* unmanaged<nint, int> _streamSynchronize;
    private readonly delegate* unmanaged<nint, nint, uint, int> _streamWaitEvent;
    private readonly delegate* unmanaged<nint*, uint, int> _eventCreate;
    private readonly delegate* unmanaged<nint, nint, int> _eventRecord;
    private readonly delegate* unmanaged<nint, int> _eventSynchronize;
    private readonly delegate* unmanaged<float*, nint, nint, int> _eventElapsedTime;
    private readonly delegate* unmanaged<nint, int> _eventDestroy;
    private readonly delegate* unmanaged<int, byte**, int> _getErrorName;
    private readonly delegate* unmanaged<int, byte**, int> _getErrorString;

    private CudaDriver(string name, nint library)
    {
        Binding = name;
        nint Export(string function) => NativeLibrary.GetExport(library, function);

        _init = (delegate* unmanaged<uint, int>)Export("cuInit");
        _driverGetVersion = (delegate* unmanaged<int*, int>)Export("cuDriverGetVersion");
        _deviceGetCount = (delegate* unmanaged<int*, int>)Export("cuDeviceGetCount");
        _deviceGetName = (delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName");
        _deviceTotalMem = (delegate* unmanaged<nuint*, int, int>)Export("cuDeviceTotalMem_v2");
        _deviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
        _primaryContextRetain = (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
        _primaryContextRelease = (delegate* unmanaged<int, int>)Export("cuDevicePrimaryCtxRelease_v2");
        _contextSetCurrent = (delegate* unmanaged<nint, int>)Export("cuCtxSetCurrent");
        _memGetInfo = (delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2");
        _moduleLoadDataEx =
            (delegate* unmanaged<nint*, void*, uint, int*, void**, int>)Export("cuModuleLoadDataEx");
        _moduleUnload = (delegate* unmanaged<nint, int>)Export("cuModuleUnload");
        _moduleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
        _memAlloc = (delegate* unmanaged<ulong*, nuint, int>)Export("cuMemAlloc_v2");
        _memFree = (delegate* unmanaged<ulong, int>)Export("cuMemFree_v2");
        _memHostAlloc = (delegate* unmanaged<nint*, nuint, uint, int>)Export("cuMemHostAlloc");
        _memFreeHost = (delegate* unmanaged<nint, int>)Export("cuMemFreeHost");
        _memcpyHtoD = (delegate* unmanaged<ulong, nint, nuint, nint, int>)Export("cuMemcpyHtoDAsync_v2");
        _memcpyDtoH = (delegate* unmanaged<nint, ulong, nuint, nint, int>)Export("cuMemcpyDtoHAsync_v2");
        _memcpyDtoD = (delegate* unmanaged<ulong, ulong, nuint, nint, int>)Export("cuMemcpyDtoDAsync_v2");
        _memsetD8 = (delegate* unmanaged<ulong, byte, nuint, nint, int>)Export("cuMemsetD8Async");
        _launchKernel = (delegate* unmanaged<
            nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");
        _streamCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuStreamCreate");
        _streamDestroy = (delegate* unmanaged<nint, int>)Export("cuStreamDestroy_v2");
        _streamSynchronize = (delegate* unmanaged<nint, int>)Export("cuStreamSynchronize");
        _streamWaitEvent = (delegate* unmanaged<nint, nint, uint, int>)Export("cuStreamWaitEvent");
        _eventCreate = (delegate* unmanaged<nint*, uint, int>)Export("cuEventCreate");
        _eventRecord = (delegate* unmanaged<nint, nint, int>)Export("cuEventRecord");
        _eventSynchronize = (delegate* unmanaged<nint, int>)Export("cuEventSynchronize");
        _eventElapsedTime = (delegate* unmanaged<float*, nint, nint, int>)Export("cuEventElapsedTime");
        _eventDestroy = (delegate* unmanaged<nint, int>)Export("cuEventDestroy_v2");
        _getErrorName = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorName");
        _getErrorString = (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorString");
    }

    /// <inheritdoc/>
    public string Binding { get; }

    /// <summary>Loads the driver's library.</summary>
    /// <param name="driver">The binding.</param>
    /// <param name="missing">What is missing, in a few words; "" where nothing is.</param>
    /// <returns>False where there is no such library, or not all of it.</returns>
    public static bool TryLoad([NotNullWhen(true)] out CudaDriver? driver, out string missing) =>
        TryLoad(LibraryNames, out driver, out missing);

    /// <summary>The same for given file names.</summary>
    internal static bool TryLoad(
        string[] libraryNames, [NotNullWhen(true)] out CudaDriver? driver, out string missing)
    {
        (driver, missing) = (null, "");
        foreach (string name in libraryNames)
        {
            if (!NativeLibrary.TryLoad(name, out nint library))
            {
                continue;
            }

            try
            {
                driver = new CudaDriver(name, library);
                return true;
            }
            catch (EntryPointNotFoundException e)
            {
                missing = $"the NVIDIA driver's library {name} is too old or damaged: {e.Message}";
                return false;
            }
        }

        missing = $"no NVIDIA driver on this machine (its library {libraryNames[0]} is not there)";
        return false;
    }

    /// <inheritdoc/>
    public int Initialize() => _init(0);

    /// <inheritdoc/>
    public int GetVersion(out int version)
    {
        fixed (int* p = &version)
        {
            return _driverGetVersion(p);
        }
    }

    /// <inheritdoc/>
    public int GetDeviceCount(out int count)
    {
        fixed (int* p = &count)
        {
            return _deviceGetCount(p);
        }
    }

    /// <inheritdoc/>
    public int GetDeviceName(int device, out string name)
    {
        byte* text = stackalloc byte[NameLength];
        new Span<byte>(text, NameLength).Clear();
        int result = _deviceGetName(text, NameLength, device);
        name = Text(text);
        return result;
    }

    /// <inheritdoc/>
    public int GetDeviceMemory(int device, out long bytes)
    {
        nuint size = 0;
        int result = _deviceTotalMem(&size, device);
        bytes = (long)size;
        return result;
    }

    /// <inheritdoc/>
    public int GetDeviceAttribute(CudaAttribute attribute, int device, out int value)
    {
        fixed (int* p = &value)
        {
            return _deviceGetAttribute(p, (int)attribute, device);
        }
    }

    /// <inheritdoc/>
    public int RetainContext(int device, out nint context)
    {
        fixed (nint* p = &context)
        {
            return _primaryContextRetain(p, device);
        }
    }

    /// <inheritdoc/>
    public int ReleaseContext(int device) => _primaryContextRelease(device);

    /// <inheritdoc/>
    public int SetContext(nint context) => _contextSetCurrent(context);

    /// <inheritdoc/>
    public int GetMemory(out long free, out long total)
    {
        nuint freeBytes = 0;
        nuint totalBytes = 0;
        int result = _memGetInfo(&freeBytes, &totalBytes);
        (free, total) = ((long)freeBytes, (long)totalBytes);
        return result;
    }

    /// <inheritdoc/>
    public int LoadModule(ReadOnlySpan<byte> ptx, out nint module, out string log)
    {
        byte* text = stackalloc byte[LogLength];
        new Span<byte>(text, LogLength).Clear();
        int* options = stackalloc int[] { OptionErrorLog, OptionErrorLogLength };
        void** values = stackalloc void*[] { text, (void*)LogLength };
        fixed (nint* p = &module)
        {
            fixed (byte* source = ptx)
            {
                int result = _moduleLoadDataEx(p, source, 2, options, values);
                log = Text(text);
                return result;
            }
        }
    }

    /// <inheritdoc/>
    public int UnloadModule(nint module) => _moduleUnload(module);

    /// <inheritdoc/>
    public int GetFunction(nint module, string name, out nint function)
    {
        fixed (nint* p = &function)
        {
            fixed (byte* text = Encoding.UTF8.GetBytes(name + "\0"))
            {
                return _moduleGetFunction(p, module, text);
            }
        }
    }

    /// <inheritdoc/>
    public int Allocate(long bytes, out ulong address)
    {
        fixed (ulong* p = &address)
        {
            return _memAlloc(p, (nuint)bytes);
        }
    }

    /// <inheritdoc/>
    public int Free(ulong address) => _memFree(address);

    /// <inheritdoc/>
    public int AllocateHost(long bytes, out nint pointer)
    {
        fixed (nint* p = &pointer)
        {
            return _memHostAlloc(p, (nuint)bytes, 0);
        }
    }

    /// <inheritdoc/>
    public int FreeHost(nint pointer) => _memFreeHost(pointer);

    /// <inheritdoc/>
    public int CopyToDevice(ulong target, nint source, long bytes, nint stream) =>
        _memcpyHtoD(target, source, (nuint)bytes, stream);

    /// <inheritdoc/>
    public int CopyToHost(nint target, ulong source, long bytes, nint stream) =>
        _memcpyDtoH(target, source, (nuint)bytes, stream);

    /// <inheritdoc/>
    public int CopyOnDevice(ulong target, ulong source, long bytes, nint stream) =>
        _memcpyDtoD(target, source, (nuint)bytes, stream);

    /// <inheritdoc/>
    public int Clear(ulong address, long bytes, nint stream) => _memsetD8(address, 0, (nuint)bytes, stream);

    /// <inheritdoc/>
    public int Launch(nint function, in LaunchShape shape, nint stream, void** parameters, int count) =>
        _launchKernel(
            function, (uint)shape.GridX, (uint)shape.GridY, (uint)shape.GridZ, (uint)shape.GroupX, (uint)shape.GroupY,
            1, 0, stream, parameters, null);

    /// <inheritdoc/>
    public int CreateStream(out nint stream)
    {
        fixed (nint* p = &stream)
        {
            return _streamCreate(p, NonBlocking);
        }
    }

    /// <inheritdoc/>
    public int DestroyStream(nint stream) => _streamDestroy(stream);

    /// <inheritdoc/>
    public int WaitForStream(nint stream) => _streamSynchronize(stream);

    /// <inheritdoc/>
    public int CreateEvent(out nint handle)
    {
        fixed (nint* p = &handle)
        {
            return _eventCreate(p, 0);
        }
    }

    /// <inheritdoc/>
    public int RecordEvent(nint handle, nint stream) => _eventRecord(handle, stream);

    /// <inheritdoc/>
    public int LetStreamWait(nint stream, nint handle) => _streamWaitEvent(stream, handle, 0);

    /// <inheritdoc/>
    public int WaitForEvent(nint handle) => _eventSynchronize(handle);

    /// <inheritdoc/>
    public int GetEventTime(nint from, nint to, out float milliseconds)
    {
        fixed (float* p = &milliseconds)
        {
            return _eventElapsedTime(p, from, to);
        }
    }

    /// <inheritdoc/>
    public int DestroyEvent(nint handle) => _eventDestroy(handle);

    /// <inheritdoc/>
    public string Describe(int result)
    {
        byte* name = null;
        byte* text = null;
        return _getErrorName(result, &name) == 0 && _getErrorString(result, &text) == 0
            ? $"{Text(name)}, {Text(text)}"
            : $"error {result}";
    }

    private static string Text(byte* text) =>
        Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));
}
