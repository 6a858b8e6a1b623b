using ILGPU;
using ILGPU.Runtime.Cuda;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

/// <summary>
/// The hand-written kernels on a GPU. Everything is queued on one stream in order, and nothing in a step waits for the
/// device, so that the host runs ahead of it; only downloads wait. Workspace comes from one arena that every operation
/// uses from its start: in a queue that runs in order, one is done with it before the next begins.
/// </summary>
internal sealed partial class GpuBackend : Backend, ITensorOperators, IAdaptationSteps
{
    /// <summary>Two groups on each of 132 multiprocessors.</summary>
    internal const int DefaultBusyGroups = 264;

    private const int NothingWords = 64;

    private readonly IGpuDevice _device;
    private readonly GpuMemory _nothing;
    private GpuMemory _workspace;

    internal GpuBackend(IGpuDevice device)
    {
        _device = device;
        _nothing = new GpuMemory(device, NothingWords);
        _workspace = new GpuMemory(device, 1 << 18);
    }

    internal override ITensorOperators Operators => this;

    internal override IAdaptationSteps Steps => this;

    public override string Name => Precision == GpuPrecision.Fp32
        ? _device.Name
        : $"{_device.Name} in {Precision.ToString().ToUpperInvariant()}";

    /// <summary>What convolutions multiply in.</summary>
    public GpuPrecision Precision { get; init; }

    internal IGpuDevice Device => _device;

    /// <param name="precision">What convolutions multiply in; not fp32 on NVIDIA's GPUs alone.</param>
    public static GpuBackend Open(GpuDevices devices, int index = 0, GpuPrecision precision = GpuPrecision.Fp32)
    {
        return new GpuBackend(OpenDevice(devices, index, precision)) { Precision = precision };
    }

    internal static IGpuDevice OpenDevice(
        GpuDevices devices, int index, GpuPrecision precision = GpuPrecision.Fp32, IStreamOrder? order = null)
    {
        GpuDeviceInfo info = devices.Require(index);
        if (info.Device is CudaDevice cuda)
        {
            return new NvidiaDevice(cuda, info.Label, order);
        }

        int threads = info.Device!.MaxNumThreadsPerGroup;
        return precision != GpuPrecision.Fp32
            ? throw new SelfAdaptException(
                ErrorKind.DeviceMissing, info.Label, $"TF32 and BF16 need an NVIDIA GPU; take FP32.")
            : threads < Kernels.Reduction.MaxThreads
            ? throw new SelfAdaptException(
                ErrorKind.DeviceMissing, info.Label,
                $"its groups have at most {threads} threads, the kernels' "
                + $"{Kernels.Reduction.MaxThreads}. Run on the CPU.")
            : new AcceleratorDevice(info.Device, info.Label);
    }

    internal override DeviceVector CreateVector(int length) => new GpuVector(_device, length);

    internal override DeviceTensor CreateTensor(TensorShape shape) => new GpuTensor(_device, shape);

    internal override long TensorBytes(TensorShape shape) => GpuTensor.BytesFor(shape);

    internal override TensorBlock CreateTensors(IReadOnlyList<TensorPlace> places)
    {
        long bytes = places.Count == 0 ? 0 : places.Max(p => p.End);
        GpuMemory memory = new(_device, bytes / sizeof(float));
        return new TensorBlock(
            [.. places.Select(p => new GpuTensor(p.Shape, memory, p.Offset / sizeof(float)))], memory, bytes);
    }

    internal override void Prepare(DeviceTensor tensor)
    {
        // Nothing that kernels use is left unwritten: what pads channels to a multiple of four is never read for a
        // result.
    }

    internal override Convolution CreateConvolution(int inputs, int outputs, int kernel) =>
        new GpuConvolution(this, inputs, outputs, kernel);

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
    internal ArrayView<float> Nothing => _nothing.View(0, NothingWords);

    /// <summary>
    /// Groups that keep a large GPU busy: tiles and splits are chosen for at least so many. A number of its own and
    /// not the device's, so that every GPU sums in the same order.
    /// </summary>
    internal int BusyGroups { get; init; } = DefaultBusyGroups;

    /// <summary>Working memory for one operation; what earlier ones left there is lost.</summary>
    internal ArrayView<float> Workspace(long floats)
    {
        if (_workspace.Words < floats)
        {
            // Kernels that use the old arena may still be queued.
            _device.Synchronize();
            _workspace.Dispose();
            _workspace = new GpuMemory(_device, floats);
        }

        return _workspace.View(0, floats);
    }

    /// <summary>A thread per item.</summary>
    internal KernelConfig Each(long items) => Groups(Parts(items, _device.GroupThreads));

    /// <summary>Parts of so many that hold all items.</summary>
    internal static int Parts(long items, int each) => (int)((items + each - 1) / each);

    /// <summary>Groups, and threads of each.</summary>
    internal static KernelConfig Shape((int X, int Y, int Z) grid, (int X, int Y) group) =>
        new(new Index3D(grid.X, grid.Y, grid.Z), new Index3D(group.X, group.Y, 1));

    internal static ArrayView<float> View(VectorSlice slice) =>
        ((GpuVector)slice.Vector).View(slice.Offset, slice.Length);

    internal static ArrayView<float> View(DeviceVector vector) => ((GpuVector)vector).View(0, vector.Length);

    private static GpuTensor Tensor(DeviceTensor tensor) => (GpuTensor)tensor;

    /// <summary>Groups of the usual size.</summary>
    private KernelConfig Groups(int x, int y = 1) => Shape((x, y, 1), (_device.GroupThreads, 1));

    /// <summary>A switch, as kernels take it.</summary>
    private static int Flag(bool value) => value ? 1 : 0;

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
internal enum GpuPrecision
{
    /// <summary>32-bit floats: as exact as the cpu backend.</summary>
    Fp32,

    /// <summary>Factors with 10 bits behind the binary point, on tensor cores.</summary>
    Tf32,

    /// <summary>Factors with 7 bits behind the binary point, on tensor cores; in memory all stays fp32.</summary>
    Bf16,
}
