using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// A tensor in blocked layout, [N][ceil(C/16)][H+2][W+2][16] floats: sixteen channels of a pixel lie together (one
/// AVX-512 register), and every plane has a border of one zero pixel, so that a 3x3 convolution needs no edge
/// cases. Kernels write the interior only; the border and the channels beyond C stay zero until another tensor uses the
/// bytes, and are cleared then.
/// </summary>
internal sealed unsafe class CpuTensor : DeviceTensor
{
    public const int Block = 16;

    // Convolution tiles may read (never write) this many pixels past the last one.
    private const int SlackPixels = 32;

    private readonly CpuMemory _memory;
    private readonly bool _owned;
    private readonly float* _data;

    public CpuTensor(TensorShape shape)
        : this(shape, new CpuMemory(BytesFor(shape), "activations"), 0) => _owned = true;

    /// <param name="offset">Bytes before it, a multiple of 64.</param>
    public CpuTensor(TensorShape shape, CpuMemory memory, long offset)
        : base(shape)
    {
        Blocks = BlocksFor(shape.C);
        RowPixels = shape.W + 2;
        PlanePixels = (shape.H + 2) * RowPixels;
        Bytes = BytesFor(shape);
        _memory = memory;
        _data = (float*)(memory.Data + offset);
    }

    public override long Bytes { get; }

    public int Blocks { get; }

    /// <summary>Pixels from a row to the next, borders included.</summary>
    public int RowPixels { get; }

    /// <summary>Pixels from a plane to the next, borders included.</summary>
    public int PlanePixels { get; }

    public int Planes => Shape.N * Blocks;

    /// <summary>The first pixel (a border pixel) of a plane.</summary>
    public float* Plane(int n, int block) => _data + ((((long)n * Blocks) + block) * PlanePixels * Block);

    /// <summary>The first pixel of an interior row.</summary>
    /// <param name="plane">n * Blocks + block.</param>
    public float* Row(int plane, int h) =>
        _data + ((((long)plane * PlanePixels) + ((h + 1) * RowPixels) + 1) * Block);

    /// <summary>Channel blocks that so many channels take, the last one perhaps in part.</summary>
    public static int BlocksFor(int channels) => (channels + Block - 1) / Block;

    /// <summary>Bytes that a tensor takes, a multiple of 64.</summary>
    public static long BytesFor(TensorShape shape)
    {
        long planes = (long)shape.N * BlocksFor(shape.C);
        long pixels = (planes * (shape.H + 2) * (shape.W + 2)) + SlackPixels + shape.W + 2;
        return pixels * Block * sizeof(float);
    }

    /// <summary>Zeros what lies behind the last plane.</summary>
    public void ClearSlack() =>
        Clear(_data + ((long)Planes * PlanePixels * Block), SlackPixels + RowPixels);

    /// <summary>
    /// Zeros what kernels never write in a plane: the border, and all of it where it has channels beyond C.
    /// </summary>
    /// <param name="plane">n * Blocks + block.</param>
    public void ClearPadding(int plane)
    {
        float* first = Plane(plane / Blocks, plane % Blocks);
        if (((plane % Blocks) + 1) * Block > Shape.C)
        {
            Clear(first, PlanePixels);
            return;
        }

        // A row's last border pixel and the next row's first one are neighbours.
        Clear(first, RowPixels + 1);
        for (int h = 1; h < Shape.H; h++)
        {
            Clear(Row(plane, h) - (2 * Block), 2);
        }

        Clear(Row(plane, Shape.H - 1) + (Shape.W * Block), RowPixels + 1);
    }

    public override void Dispose()
    {
        if (_owned)
        {
            _memory.Dispose();
        }
    }

    private static void Clear(float* pixel, int pixels) => new Span<float>(pixel, pixels * Block).Clear();
}
