using ILGPU;
using SelfAdapt.Engine;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Gpu;

/// <summary>
/// An activation in a device's memory, [N][H][W][C], C padded to a multiple of four: a thread reads four channels of a
/// pixel at once. What the padding holds is never used.
/// </summary>
internal sealed class GpuTensor : DeviceTensor
{
    /// <summary>Bytes whose multiples tensors start at and take.</summary>
    public const int Alignment = 256;

    private const int Pack = 4;

    private readonly GpuMemory? _own;

    public GpuTensor(IGpuDevice device, TensorShape shape)
        : this(shape, new GpuMemory(device, FloatsFor(shape)))
    {
    }

    public GpuTensor(TensorShape shape, GpuMemory memory, long first)
        : base(shape)
    {
        View = memory.View(first, FloatsFor(shape));
        Bytes = BytesFor(shape);
    }

    private GpuTensor(TensorShape shape, GpuMemory own)
        : this(shape, own, 0) => _own = own;

    public override long Bytes { get; }

    /// <summary>All of it, padding included.</summary>
    public ArrayView<float> View { get; }

    /// <summary>Channels and their padding: floats from a pixel to the next.</summary>
    public int Pitch => Padded(Shape.C);

    /// <summary>Fours of channels in a pixel.</summary>
    public int PitchQuads => Pitch / Pack;

    /// <summary>Fours of channels in all.</summary>
    public int Quads => (int)(View.Length / Pack);

    public int Plane => Shape.H * Shape.W;

    /// <summary>Pixels of all samples.</summary>
    public int Pixels => Shape.N * Plane;

    public static long BytesFor(TensorShape shape) =>
        ((FloatsFor(shape) * sizeof(float)) + Alignment - 1) / Alignment * Alignment;

    public static int Padded(int channels) => (channels + Pack - 1) / Pack * Pack;

    public override void Dispose() => _own?.Dispose();

    private static long FloatsFor(TensorShape shape) => (long)shape.N * shape.H * shape.W * Padded(shape.C);
}
