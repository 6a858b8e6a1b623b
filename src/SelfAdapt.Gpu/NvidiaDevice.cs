using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace SelfAdapt.Gpu;

/// <summary>
/// An NVIDIA GPU: ILGPU's accelerator, buffers and streams; launches of our own PTX through ILGPU's binding of the
/// driver, which allocate nothing; a second stream for what is uploaded beside the first.
/// </summary>
internal sealed unsafe class NvidiaDevice : AcceleratorDevice
{
    private const int MostArguments = 16;

    private static readonly CudaAPI Driver = CudaAPI.CurrentAPI;

    private readonly PtxLibrary _ptx;
    private readonly IStreamOrder _order;
    private readonly Dictionary<Delegate, nint> _functions = new(ReferenceEqualityComparer.Instance);
    private readonly List<nint> _modules = [];
    private readonly CopyQueue _copies;
    private CopyQueue? _beside;

    /// <summary>Opens a GPU and lets its driver compile a kernel: one that can't says so before all else.</summary>
    /// <param name="order">Makes a stream wait for another; null: the driver's own call.</param>
    /// <param name="cache">Where compiled kernels are kept; null: the user's cache.</param>
    public NvidiaDevice(CudaDevice device, string name, IStreamOrder? order = null, PtxCache? cache = null)
        : base(device, name)
    {
        _ptx = new PtxLibrary(Context, cache ?? PtxCache.OfUser);
        _order = order ?? new DriverStreamOrder();
        try
        {
            _copies = new CopyQueue((CudaStream)Stream, name);
            Function(Kernels.Elementwise.Fill);
        }
        catch (SelfAdaptException)
        {
            Dispose();
            throw;
        }
    }

    private nint StreamPointer => ((CudaStream)Stream).StreamPtr;

    public override void Upload(ReadOnlySpan<float> source, ArrayView<float> target)
    {
        Accelerator.Bind();
        _copies.Upload(source, target);
    }

    public override void Download(ArrayView<float> source, Span<float> target)
    {
        Accelerator.Bind();
        _copies.Download(source, target);
    }

    public override void UploadBeside(ReadOnlySpan<float> source, ArrayView<float> target, nint free, nint ready)
    {
        Accelerator.Bind();
        _beside ??= new CopyQueue((CudaStream)CreateStream(), Name);
        Check(_order.LetWait(_beside.Stream.StreamPtr, free), "wait between streams");
        _beside.Upload(source, target);
        Check(Driver.RecordEvent(ready, _beside.Stream.StreamPtr), "record an event");
    }

    public override nint CreateFence()
    {
        Accelerator.Bind();
        Check(Driver.CreateEvent(out nint fence, CudaEventFlags.CU_EVENT_DEFAULT), "make an event");
        return fence;
    }

    public override void DestroyFence(nint fence)
    {
        if (!Accelerator.IsDisposed)
        {
            Accelerator.Bind();
            Check(Driver.DestroyEvent(fence), "end an event");
        }
    }

    public override void Signal(nint fence)
    {
        Accelerator.Bind();
        Check(Driver.RecordEvent(fence, StreamPointer), "record an event");
    }

    public override void Await(nint fence)
    {
        Accelerator.Bind();
        Check(_order.LetWait(StreamPointer, fence), "wait between streams");
    }

    public override void Launch(Delegate kernel, in KernelConfig shape, ReadOnlySpan<KernelArgument> arguments)
    {
        Accelerator.Bind();
        if (!_functions.TryGetValue(kernel, out nint function))
        {
            function = Function(kernel);
        }

        byte* values = stackalloc byte[MostArguments * KernelArgument.MostBytes];
        void** parameters = stackalloc void*[MostArguments];
        for (int i = 0; i < arguments.Length; i++)
        {
            parameters[i] = values + (i * KernelArgument.MostBytes);
            arguments[i].Bytes.CopyTo(new Span<byte>(parameters[i], KernelArgument.MostBytes));
        }

        CudaError result = Driver.LaunchKernel(
            function, shape.GridDim.X, shape.GridDim.Y, shape.GridDim.Z, shape.GroupDim.X, shape.GroupDim.Y,
            shape.GroupDim.Z, 0, StreamPointer, (nint)parameters, 0);
        if (result != CudaError.CUDA_SUCCESS)
        {
            throw GpuError.Of(Name, $"start the kernel {Kernels.KernelName.Of(kernel.Method)} as {shape}", result);
        }
    }

    public override nint Mark()
    {
        nint mark = CreateFence();
        Signal(mark);
        return mark;
    }

    public override double Milliseconds(nint from, nint to)
    {
        Accelerator.Bind();
        Check(Driver.SynchronizeEvent(to), "finish what it was given");
        Check(Driver.ElapsedTime(out float milliseconds, from, to), "tell the time");
        DestroyFence(from);
        DestroyFence(to);
        return milliseconds;
    }

    protected override AcceleratorStream CreateStream() =>
        ((CudaAccelerator)Accelerator).CreateStream(StreamFlags.CU_STREAM_NON_BLOCKING);

    protected override long? FreeBytes() =>
        Driver.GetMemoryInfo(out long free, out long _) == CudaError.CUDA_SUCCESS ? free : null;

    protected override void Close()
    {
        if (Accelerator is not null)
        {
            Accelerator.Bind();
            _beside?.Dispose();
            _copies?.Dispose();
            _modules.ForEach(module => Driver.DestroyModule(module));
            _ptx?.Dispose();
        }
    }

    protected override void Abandon() => _ = Driver.DestroyContext(Accelerator.NativePtr);

    private nint Function(Delegate kernel)
    {
        (string text, string entry) = _ptx.Get(kernel.Method);
        CudaError result = Driver.LoadModule(out nint module, text, out string? log);
        if (result != CudaError.CUDA_SUCCESS)
        {
            throw GpuError.OfModule(Name, Kernels.KernelName.Of(kernel.Method), log ?? "", result);
        }

        _modules.Add(module);
        Check(
            Driver.GetModuleFunction(out nint function, module, entry),
            $"find the kernel {Kernels.KernelName.Of(kernel.Method)}");
        _functions.Add(kernel, function);
        return function;
    }

    private void Check(CudaError result, string doing) => GpuError.Check(result, Name, doing);
}
