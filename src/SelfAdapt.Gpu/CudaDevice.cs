using System;
using System.Collections.Generic;
using System.Linq;

namespace SelfAdapt.Gpu;

/// <summary>
/// An NVIDIA GPU through the driver API: its primary context, a stream for everything and one for what is uploaded
/// beside it, the kernels compiled from PTX at their first use.
/// </summary>
public sealed unsafe class CudaDevice : IGpuDevice
{
    private const int ViewBytes = 16;

    [ThreadStatic]
    private static nint s_currentContext;

    private readonly ICudaDriver _driver;
    private readonly PtxLibrary _ptx;
    private readonly int _ordinal;
    private readonly nint _context;
    private readonly Dictionary<string, nint> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, nint> _kernels = new(StringComparer.Ordinal);
    private readonly CudaQueue _queue;
    private CudaQueue? _beside;
    private bool _disposed;

    private CudaDevice(ICudaDriver driver, CudaDeviceInfo info, PtxLibrary ptx)
    {
        (_driver, _ptx, _ordinal) = (driver, ptx, info.Index);
        (Name, MemoryBytes) = ($"cuda:{info.Index} {info.Name}", info.MemoryBytes);
        _queue = new CudaQueue(driver, Name);
        Check(driver.RetainContext(_ordinal, out _context), "be opened");
        try
        {
            Use();
            _queue.Open();
        }
        catch (SelfAdaptException)
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public long MemoryBytes { get; }

    /// <inheritdoc/>
    public int GroupThreads => 256;

    /// <summary>Opens one of the GPUs of this machine.</summary>
    /// <param name="devices">What was found.</param>
    /// <param name="index">Its number.</param>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ExitCode.DeviceMissing"/>: there is no such GPU, it can't be opened, or the driver can't compile the
    /// kernels for it. <see cref="ExitCode.OutOfMemory"/>: it has no memory left.
    /// </exception>
    public static CudaDevice Open(CudaDevices devices, int index = 0) =>
        Open(devices, index, PtxLibrary.Embedded);

    /// <summary>The same with other kernels.</summary>
    internal static CudaDevice Open(CudaDevices devices, int index, PtxLibrary ptx)
    {
        ArgumentNullException.ThrowIfNull(devices);
        if (devices.Devices.FirstOrDefault(d => d.Index == index) is not { } info)
        {
            throw new SelfAdaptException(
                ExitCode.DeviceMissing,
                devices.Devices.Count == 0
                    ? $"--device cuda: {devices.Missing}. Leave out --device to run on the CPU."
                    : $"--device cuda:{index}: there is no such GPU; this machine has "
                        + $"{string.Join("; ", devices.Devices)}.");
        }

        return new CudaDevice(devices.Driver!, info, ptx);
    }

    /// <summary>Compiles all kernels now, so that a driver that can't says so before anything else happens.</summary>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ExitCode.DeviceMissing"/>: the driver refuses the kernels.
    /// </exception>
    internal void LoadKernels()
    {
        Use();
        foreach (string file in _ptx.Files)
        {
            Module(file, _ptx.Text(file));
        }
    }

    /// <inheritdoc/>
    public ulong Allocate(long bytes)
    {
        Use();
        int result = _driver.Allocate(bytes, out ulong address);
        if (result != 0)
        {
            throw CudaError.OfAllocation(_driver, result, Name, bytes);
        }

        Clear(address, bytes);
        return address;
    }

    /// <inheritdoc/>
    public void Free(ulong address)
    {
        if (!_disposed)
        {
            Use();
            Check(_driver.Free(address), "give memory back");
        }
    }

    /// <inheritdoc/>
    public void Clear(ulong address, long bytes)
    {
        Use();
        Check(_driver.Clear(address, bytes, _queue.Stream), "clear memory");
    }

    /// <inheritdoc/>
    public void Copy(ulong source, ulong target, long bytes)
    {
        Use();
        Check(_driver.CopyOnDevice(target, source, bytes, _queue.Stream), "copy within its memory");
    }

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<byte> source, ulong target)
    {
        Use();
        _queue.Upload(source, target);
    }

    /// <inheritdoc/>
    public void Download(ulong source, Span<byte> target)
    {
        Use();
        _queue.Download(source, target);
    }

    /// <inheritdoc/>
    public void UploadBeside(ReadOnlySpan<byte> source, ulong target, nint free, nint ready)
    {
        Use();
        if (_beside is null)
        {
            _beside = new CudaQueue(_driver, Name);
            _beside.Open();
        }

        Check(_driver.LetStreamWait(_beside.Stream, free), "wait between streams");
        _beside.Upload(source, target);
        Check(_driver.RecordEvent(ready, _beside.Stream), "record an event");
    }

    /// <inheritdoc/>
    public nint CreateFence()
    {
        Use();
        Check(_driver.CreateEvent(out nint handle), "make an event");
        return handle;
    }

    /// <inheritdoc/>
    public void DestroyFence(nint fence)
    {
        if (!_disposed)
        {
            Use();
            Check(_driver.DestroyEvent(fence), "end an event");
        }
    }

    /// <inheritdoc/>
    public void Signal(nint fence)
    {
        Use();
        Check(_driver.RecordEvent(fence, _queue.Stream), "record an event");
    }

    /// <inheritdoc/>
    public void Await(nint fence)
    {
        Use();
        Check(_driver.LetStreamWait(_queue.Stream, fence), "wait between streams");
    }

    /// <inheritdoc/>
    public void Launch(string kernel, in LaunchShape shape, ReadOnlySpan<KernelArgument> arguments)
    {
        Use();
        nint function = Kernel(kernel);
        byte* values = stackalloc byte[arguments.Length * ViewBytes];
        void** parameters = stackalloc void*[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            byte* value = values + (i * ViewBytes);
            parameters[i] = value;

            // A view is a pointer and a number of elements; a shorter value lies in the first bytes (little-endian).
            *(ulong*)value = arguments[i].Bits;
            *(long*)(value + sizeof(ulong)) = arguments[i].Length;
        }

        int result = _driver.Launch(function, shape, _queue.Stream, parameters, arguments.Length);
        if (result != 0)
        {
            throw CudaError.Of(_driver, result, Name, $"start the kernel {kernel} as {shape}");
        }
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        Use();
        _queue.Wait();
    }

    /// <inheritdoc/>
    public nint Mark()
    {
        nint handle = CreateFence();
        Signal(handle);
        return handle;
    }

    /// <inheritdoc/>
    public double Milliseconds(nint from, nint to)
    {
        Use();
        Check(_driver.WaitForEvent(to), "finish what it was given");
        Check(_driver.GetEventTime(from, to, out float milliseconds), "tell the time");
        Check(_driver.DestroyEvent(from), "end an event");
        Check(_driver.DestroyEvent(to), "end an event");
        return milliseconds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        // Whatever fails here fails because something failed before, and that has been told.
        _disposed = true;
        _ = _driver.SetContext(_context);
        _beside?.Dispose();
        _queue.Dispose();
        foreach (nint module in _modules.Values)
        {
            _ = _driver.UnloadModule(module);
        }

        _ = _driver.SetContext(0);
        s_currentContext = 0;
        _ = _driver.ReleaseContext(_ordinal);
    }

    /// <summary>Calls of the driver go to the calling thread's current context.</summary>
    private void Use()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (s_currentContext != _context)
        {
            Check(_driver.SetContext(_context), "be used by this thread");
            s_currentContext = _context;
        }
    }

    private nint Kernel(string name)
    {
        if (_kernels.TryGetValue(name, out nint known))
        {
            return known;
        }

        string entry = PtxLibrary.EntryOf(name);
        (string file, byte[] text) = _ptx.Find(entry)
            ?? throw new InvalidOperationException($"There is no kernel {name} among the PTX of this build.");
        Check(_driver.GetFunction(Module(file, text), entry, out nint function), $"find the kernel {name}");
        _kernels.Add(name, function);
        return function;
    }

    private nint Module(string file, byte[] text)
    {
        if (!_modules.TryGetValue(file, out nint module))
        {
            int result = _driver.LoadModule(text, out module, out string log);
            if (result != 0)
            {
                throw CudaError.OfModule(_driver, result, Name, file, log);
            }

            _modules.Add(file, module);
        }

        return module;
    }

    private void Check(int result, string doing)
    {
        if (result != 0)
        {
            throw CudaError.Of(_driver, result, Name, doing);
        }
    }
}
