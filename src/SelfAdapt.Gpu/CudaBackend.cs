using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

/// <summary>
/// The hand-written kernels on a GPU. Everything is queued on one stream in order, and nothing in a step waits for the
/// device, so that the host runs ahead of it; only downloads wait. Workspace comes from one arena that every operation
/// uses from its start: in a queue that runs in order, one is done with it before the next begins.
/// </summary>
public sealed partial class CudaBackend : Backend
{
    /// <summary>Two groups on each of 132 multiprocessors.</summary>
    internal const int DefaultBusyGroups = 264;

    private readonly IGpuDevice _device;
    private readonly GpuMemory _nothing;
    private GpuMemory _workspace;

    /// <summary>Runs on a device, which the backend disposes.</summary>
    /// <param name="device">The device.</param>
    public CudaBackend(IGpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _nothing = new GpuMemory(device, GpuTensor.Alignment);
        _workspace = new GpuMemory(device, 1 << 20);
    }

    /// <inheritdoc/>
    public override string Name => Precision == GpuPrecision.Fp32
        ? _device.Name
        : $"{_device.Name} in {Precision.ToString().ToUpperInvariant()}";

    /// <summary>What convolutions multiply in.</summary>
    public GpuPrecision Precision { get; init; }

    /// <summary>The device it runs on.</summary>
    public IGpuDevice Device => _device;

    /// <summary>Opens one of the GPUs of this machine.</summary>
    /// <param name="devices">What was found.</param>
    /// <param name="index">Its number.</param>
    /// <param name="precision">What convolutions multiply in.</param>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ExitCode.DeviceMissing"/>: there is no such GPU, or the driver can't run the kernels on it.
    /// <see cref="ExitCode.OutOfMemory"/>: it has no memory left.
    /// </exception>
    public static CudaBackend Open(
        CudaDevices devices, int index = 0, GpuPrecision precision = GpuPrecision.Fp32) =>
        Open(devices, index, precision, DefaultBusyGroups);

    /// <summary>The same with other tiles.</summary>
    internal static CudaBackend Open(CudaDevices devices, int index, GpuPrecision precision, int busyGroups)
    {
        CudaDevice device = CudaDevice.Open(devices, index);
        try
        {
            device.LoadKernels();
            return new CudaBackend(device) { BusyGroups = busyGroups, Precision = precision };
        }
        catch (SelfAdaptException)
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override DeviceVector CreateVector(int length) => new GpuVector(_device, length);

    /// <inheritdoc/>
    public override DeviceTensor CreateTensor(TensorShape shape) => new GpuTensor(_device, shape);

    /// <inheritdoc/>
    public override long TensorBytes(TensorShape shape) => GpuTensor.BytesFor(shape);

    /// <inheritdoc/>
    public override TensorBlock CreateTensors(IReadOnlyList<TensorPlace> places)
    {
        GpuMemory memory = new(_device, places.Count == 0 ? 0 : places.Max(p => p.End));
        return new TensorBlock(
            [.. places.Select(p => new GpuTensor(p.Shape, memory.Address + (ulong)p.Offset))], memory, memory.Bytes);
    }

    /// <inheritdoc/>
    public override void Prepare(DeviceTensor tensor)
    {
        // Nothing that kernels use is left unwritten: what pads channels to a multiple of four is never read for a
        // result.
    }

    /// <inheritdoc/>
    public override Convolution CreateConvolution(int inputs, int outputs, int kernel) =>
        new CudaConvolution(this, inputs, outputs, kernel);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tables.ForEach(t => t.Memory.Dispose());
            _samples?.Dispose();
            _workspace.Dispose();
            _nothing.Dispose();
            _device.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Stands where a kernel's optional operand is not used.</summary>
    internal GpuView Nothing => new(_nothing.Address, GpuTensor.Alignment / sizeof(float));

    /// <summary>
    /// Groups that keep a large GPU busy: tiles and splits are chosen for at least so many. A number of its own and
    /// not the device's, so that every GPU sums in the same order.
    /// </summary>
    internal int BusyGroups { get; init; } = DefaultBusyGroups;

    /// <summary>Working memory for one operation; what earlier ones left there is lost.</summary>
    /// <param name="floats">Number of floats.</param>
    internal GpuView Workspace(long floats)
    {
        if (_workspace.Bytes < floats * sizeof(float))
        {
            // Kernels that use the old arena may still be queued.
            _device.Synchronize();
            _workspace.Dispose();
            _workspace = new GpuMemory(_device, floats * sizeof(float));
        }

        return new GpuView(_workspace.Address, floats);
    }

    /// <summary>Queues a kernel.</summary>
    internal void Launch(string kernel, in LaunchShape shape, params ReadOnlySpan<KernelArgument> arguments) =>
        _device.Launch(kernel, shape, arguments);

    /// <summary>Queues a kernel with a thread per item.</summary>
    internal void LaunchEach(string kernel, long items, params ReadOnlySpan<KernelArgument> arguments)
    {
        int threads = _device.GroupThreads;
        _device.Launch(kernel, new LaunchShape(Groups(items, threads), 1, 1, threads), arguments);
    }

    /// <summary>Groups of so many that hold all items.</summary>
    internal static int Groups(long items, int perGroup) => (int)((items + perGroup - 1) / perGroup);

    internal static GpuView View(VectorSlice slice) => ((GpuVector)slice.Vector).View(slice.Offset, slice.Length);

    internal static GpuView View(DeviceVector vector) => ((GpuVector)vector).View(0, vector.Length);

    private static GpuTensor Tensor(DeviceTensor tensor) => (GpuTensor)tensor;

    /// <summary>A part of a run of memory, aligned where the offset is a multiple of four.</summary>
    private static GpuView Part(GpuView view, long offset, long length) =>
        new(view.Address + ((ulong)offset * sizeof(float)), length);

    /// <summary>Floats rounded up, so that what follows them is aligned.</summary>
    private static long Aligned(long floats) => (floats + 3) / 4 * 4;

    /// <summary>
    /// How a sum over many items is cut among groups: in so many chunks that a group has several items per thread, and
    /// no more than keep the device busy.
    /// </summary>
    private int Chunks(long items, int perRound, int otherGroups) =>
        (int)Math.Clamp(items / (4L * perRound), 1, Math.Max(1, 2 * BusyGroups / otherGroups));
}

/// <summary>What a GPU's convolutions multiply in. Sums are fp32 always.</summary>
public enum GpuPrecision
{
    /// <summary>32-bit floats: as exact as the cpu backend.</summary>
    Fp32,

    /// <summary>Factors with 10 bits behind the binary point, on tensor cores.</summary>
    Tf32,

    /// <summary>Factors with 7 bits behind the binary point, on tensor cores; in memory all stays fp32.</summary>
    Bf16,
}
