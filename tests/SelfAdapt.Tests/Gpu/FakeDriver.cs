using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using SelfAdapt.Gpu;

namespace SelfAdapt.Tests.Gpu;

/// <summary>
/// A driver with one GPU whose memory is the host's. It counts what is held, and fails where a test wants it to.
/// </summary>
internal sealed unsafe class FakeDriver : ICudaDriver, IDisposable
{
    private readonly Dictionary<ulong, nint> _memory = [];
    private readonly HashSet<nint> _host = [];
    private nint _handles = 1000;

    public string Binding => "a fake";

    /// <summary>Called with the name of each call; what it returns is the call's result.</summary>
    public Func<string, int> Result { get; set; } = _ => 0;

    public int DeviceCount { get; set; } = 1;

    public string JitLog { get; set; } = "";

    /// <summary>Modules, streams, events, contexts and memory that were made and not given back.</summary>
    public int Held { get; private set; }

    /// <summary>The parameters of the last launch, 16 bytes each.</summary>
    public byte[] LaunchedParameters { get; private set; } = [];

    /// <summary>Uploads, records and waits in streams: which, in which stream, of what.</summary>
    public List<(string Call, nint Stream, nint What)> Queued { get; } = [];

    public LaunchShape LaunchedShape { get; private set; }

    public int Initialize() => Result("cuInit");

    public int GetVersion(out int version)
    {
        version = 12_040;
        return Result("cuDriverGetVersion");
    }

    public int GetDeviceCount(out int count)
    {
        count = DeviceCount;
        return Result("cuDeviceGetCount");
    }

    public int GetDeviceName(int device, out string name)
    {
        name = "Fake GPU";
        return Result("cuDeviceGetName");
    }

    public int GetDeviceMemory(int device, out long bytes)
    {
        bytes = 8_000_000_000;
        return Result("cuDeviceTotalMem");
    }

    public int GetDeviceAttribute(CudaAttribute attribute, int device, out int value)
    {
        value = attribute switch
        {
            CudaAttribute.ComputeMajor => 8,
            CudaAttribute.ComputeMinor => 6,
            _ => 40,
        };
        return Result("cuDeviceGetAttribute");
    }

    public int RetainContext(int device, out nint context) => Make("cuDevicePrimaryCtxRetain", out context);

    public int ReleaseContext(int device) => End("cuDevicePrimaryCtxRelease");

    public int SetContext(nint context) => Result("cuCtxSetCurrent");

    public int GetMemory(out long free, out long total)
    {
        (free, total) = (3 << 20, 64 << 20);
        return Result("cuMemGetInfo");
    }

    public int LoadModule(ReadOnlySpan<byte> ptx, out nint module, out string log)
    {
        log = JitLog;
        return ptx[^1] == 0
            ? Make("cuModuleLoadDataEx", out module)
            : throw new ArgumentException("no zero at the end");
    }

    public int UnloadModule(nint module) => End("cuModuleUnload");

    public int GetFunction(nint module, string name, out nint function)
    {
        function = 7;
        return Result("cuModuleGetFunction");
    }

    public int Allocate(long bytes, out ulong address)
    {
        int result = Make("cuMemAlloc", out nint _);
        address = 0;
        if (result == 0)
        {
            nint memory = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 256);
            new Span<byte>((void*)memory, (int)bytes).Fill(0xCD);
            address = (ulong)memory;
            _memory.Add(address, memory);
        }

        return result;
    }

    public int Free(ulong address)
    {
        _memory.Remove(address, out nint memory);
        NativeMemory.AlignedFree((void*)memory);
        return End("cuMemFree");
    }

    public int AllocateHost(long bytes, out nint pointer)
    {
        int result = Make("cuMemHostAlloc", out pointer);
        if (result == 0)
        {
            pointer = (nint)NativeMemory.Alloc((nuint)bytes);
            _host.Add(pointer);
        }

        return result;
    }

    public int FreeHost(nint pointer)
    {
        _host.Remove(pointer);
        NativeMemory.Free((void*)pointer);
        return End("cuMemFreeHost");
    }

    public int CopyToDevice(ulong target, nint source, long bytes, nint stream)
    {
        Queued.Add(("cuMemcpyHtoDAsync", stream, (nint)target));
        return Move("cuMemcpyHtoDAsync", (nint)target, source, bytes);
    }

    public int CopyToHost(nint target, ulong source, long bytes, nint stream) =>
        Move("cuMemcpyDtoHAsync", target, (nint)source, bytes);

    public int CopyOnDevice(ulong target, ulong source, long bytes, nint stream) =>
        Move("cuMemcpyDtoDAsync", (nint)target, (nint)source, bytes);

    public int Clear(ulong address, long bytes, nint stream)
    {
        NativeMemory.Clear((void*)address, (nuint)bytes);
        return Result("cuMemsetD8Async");
    }

    public int Launch(nint function, in LaunchShape shape, nint stream, void** parameters, int count)
    {
        LaunchedShape = shape;
        LaunchedParameters = new byte[16 * count];
        for (int i = 0; i < count; i++)
        {
            new ReadOnlySpan<byte>(parameters[i], 16).CopyTo(LaunchedParameters.AsSpan(16 * i));
        }

        return Result("cuLaunchKernel");
    }

    public int CreateStream(out nint stream) => Make("cuStreamCreate", out stream);

    public int DestroyStream(nint stream) => End("cuStreamDestroy");

    public int WaitForStream(nint stream) => Result("cuStreamSynchronize");

    public int CreateEvent(out nint handle) => Make("cuEventCreate", out handle);

    public int RecordEvent(nint handle, nint stream) => Note("cuEventRecord", stream, handle);

    public int LetStreamWait(nint stream, nint handle) => Note("cuStreamWaitEvent", stream, handle);

    public int WaitForEvent(nint handle) => Result("cuEventSynchronize");

    public int GetEventTime(nint from, nint to, out float milliseconds)
    {
        milliseconds = to - from;
        return Result("cuEventElapsedTime");
    }

    public int DestroyEvent(nint handle) => End("cuEventDestroy");

    public string Describe(int result) => $"CUDA_ERROR_{result}";

    public void Dispose()
    {
        foreach (nint memory in _memory.Values)
        {
            NativeMemory.AlignedFree((void*)memory);
        }

        _host.ToList().ForEach(p => NativeMemory.Free((void*)p));
    }

    private int Note(string call, nint stream, nint what)
    {
        Queued.Add((call, stream, what));
        return Result(call);
    }

    private int Make(string call, out nint handle)
    {
        int result = Result(call);
        handle = result == 0 ? _handles++ : 0;
        Held += result == 0 ? 1 : 0;
        return result;
    }

    private int End(string call)
    {
        Held--;
        return Result(call);
    }

    private int Move(string call, nint target, nint source, long bytes)
    {
        NativeMemory.Copy((void*)source, (void*)target, (nuint)bytes);
        return Result(call);
    }
}
