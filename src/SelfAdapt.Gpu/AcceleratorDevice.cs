using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace SelfAdapt.Gpu;

/// <summary>
/// Any accelerator of ILGPU, with one queue: memory, copies and launches as ILGPU does them. OpenCL devices run so, and
/// in tests the CPU.
/// </summary>
internal class AcceleratorDevice : IGpuDevice
{
    private readonly Context _context;
    private readonly Dictionary<Delegate, Kernel> _kernels = new(ReferenceEqualityComparer.Instance);
    private bool _disposed;

    public AcceleratorDevice(Device device, string name)
    {
        Name = name;
        _context = CreateContext();
        try
        {
            Accelerator = device.CreateAccelerator(_context);
            Stream = CreateStream();
        }
        catch (Exception e) when (GpuError.IsOfDevice(e))
        {
            Dispose();
            throw GpuError.Of(Name, "be opened", e);
        }
    }

    public string Name { get; }

    public long MemoryBytes => Accelerator.MemorySize;

    public int GroupThreads => Math.Min(Kernels.Reduction.MaxThreads, Accelerator.MaxNumThreadsPerGroup);

    protected Accelerator Accelerator { get; } = null!;

    protected AcceleratorStream Stream { get; } = null!;

    protected Context Context => _context;

    /// <summary>
    /// A context for any device. On level O1 ILGPU makes no promise about branches, on O2 it makes wrong ones
    /// (docs/gpu.md).
    /// </summary>
    public static Context CreateContext() => Context.Create(builder => builder.Optimize(OptimizationLevel.O1));

    /// <summary>The CPU, as slow as a debugger: one group of 256 threads at a time.</summary>
    public static AcceleratorDevice OnCpu() => new(new CPUDevice(32, 8, 1), "ILGPU's CPU accelerator");

    public MemoryBuffer Allocate(long words)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            MemoryBuffer buffer = Accelerator.AllocateRaw(words, sizeof(float));
            buffer.MemSet(Stream, 0, 0, buffer.LengthInBytes);
            return buffer;
        }
        catch (Exception e) when (GpuError.IsOfDevice(e))
        {
            throw GpuError.OfAllocation(Name, words * sizeof(float), FreeBytes(), e);
        }
    }

    public void Free(MemoryBuffer memory)
    {
        if (!_disposed)
        {
            Guard("give memory back", memory.Dispose);
        }
    }

    public void Copy(ArrayView<float> source, ArrayView<float> target) =>
        Guard("copy within its memory", () => source.CopyTo(Stream, target));

    public virtual unsafe void Upload(ReadOnlySpan<float> source, ArrayView<float> target)
    {
        fixed (float* from = source)
        {
            nint pointer = (nint)from;
            int length = source.Length;
            Guard("copy to the GPU", () =>
            {
                target.CopyFromCPU(Stream, new ReadOnlySpan<float>((void*)pointer, length));
                Stream.Synchronize();
            });
        }
    }

    public virtual unsafe void Download(ArrayView<float> source, Span<float> target)
    {
        fixed (float* to = target)
        {
            nint pointer = (nint)to;
            int length = target.Length;
            Guard("copy from the GPU", () =>
            {
                source.CopyToCPU(Stream, new Span<float>((void*)pointer, length));
                Stream.Synchronize();
            });
        }
    }

    public virtual void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready) =>
        Upload(source, target);

    public virtual nint CreateFence() => 0;

    public virtual void DestroyFence(nint fence)
    {
    }

    public virtual void Signal(nint fence)
    {
        // There is one queue, and it runs in order.
    }

    public virtual void Await(nint fence)
    {
    }

    public virtual void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments)
    {
        object[] values = KernelArgument.Boxed(kernel.Method, arguments);
        KernelConfig config = shape;
        Guard($"start the kernel {Kernels.KernelName.Of(kernel.Method)}", () =>
        {
            if (!_kernels.TryGetValue(kernel, out Kernel? loaded))
            {
                loaded = Accelerator.LoadKernel(kernel.Method);
                _kernels.Add(kernel, loaded);
            }

            loaded.Launch(Stream, config, values);
        });
    }

    public void Synchronize() => Guard("finish what it was given", Stream.Synchronize);

    public virtual nint Mark()
    {
        Synchronize();
        return (nint)Stopwatch.GetTimestamp();
    }

    public virtual double Milliseconds(nint from, nint to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Close();
        try
        {
            Accelerator?.Dispose();
        }
        catch (Exception e) when (GpuError.IsOfDevice(e))
        {
            // It fails because something failed before, and that has been told.
            Abandon();
        }

        _context.Dispose();
        GC.SuppressFinalize(this);
    }

    protected virtual AcceleratorStream CreateStream() => Accelerator.CreateStream();

    /// <summary>Bytes that are free; null where that is not known.</summary>
    protected virtual long? FreeBytes() => null;

    /// <summary>Gives back what is held beside the accelerator; what fails in it is passed over.</summary>
    protected virtual void Close()
    {
    }

    /// <summary>
    /// Gives back what an accelerator holds that could not be disposed: ILGPU's stops at the first error, and a buffer
    /// for which there was no memory is one.
    /// </summary>
    protected virtual void Abandon()
    {
    }

    /// <summary>Turns what ILGPU throws into what a user can act on.</summary>
    protected void Guard(string doing, Action action)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        try
        {
            action();
        }
        catch (Exception e) when (GpuError.IsOfDevice(e))
        {
            throw GpuError.Of(Name, doing, e);
        }
    }
}
