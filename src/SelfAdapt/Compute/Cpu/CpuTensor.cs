using System;
using System.Runtime.InteropServices;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// A tensor in blocked layout, [N][ceil(C/16)][H+2][W+2][16] floats: sixteen channels of a pixel lie together (one
/// AVX-512 register), and every plane has a border of one zero pixel, so that a 3x3 convolution needs no edge
/// cases. Kernels write the interior only; the border and the channels beyond C stay zero for good.
/// </summary>
internal sealed unsafe class CpuTensor : DeviceTensor
{
    /// <summary>Channels per block.</summary>
    public const int Block = 16;

    // Convolution tiles may read (never write) this many pixels past the last one.
    private const int SlackPixels = 32;

    private float* _data;

    /// <summary>Makes a zeroed tensor.</summary>
    /// <param name="shape">Its size.</param>
    public CpuTensor(TensorShape shape)
        : base(shape)
    {
        Blocks = (shape.C + Block - 1) / Block;
        RowPixels = shape.W + 2;
        PlanePixels = (shape.H + 2) * RowPixels;
        long floats = (((long)shape.N * Blocks * PlanePixels) + SlackPixels + RowPixels) * Block;
        Bytes = floats * sizeof(float);
        try
        {
            _data = (float*)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
        }
        catch (OutOfMemoryException e)
        {
            throw new SelfAdaptException(
                ExitCode.OutOfMemory,
                $"No memory for a {shape} tensor ({Bytes >> 20} MiB). Take a smaller --batch-size or --crop.", e);
        }

        NativeMemory.Clear(_data, (nuint)Bytes);
        GC.AddMemoryPressure(Bytes);
    }

    ~CpuTensor() => Dispose(false);

    /// <inheritdoc/>
    public override long Bytes { get; }

    /// <summary>Channel blocks.</summary>
    public int Blocks { get; }

    /// <summary>Pixels from a row to the next, borders included.</summary>
    public int RowPixels { get; }

    /// <summary>Pixels from a plane to the next, borders included.</summary>
    public int PlanePixels { get; }

    /// <summary>Number of (sample, block) planes.</summary>
    public int Planes => Shape.N * Blocks;

    /// <summary>The first pixel (a border pixel) of a plane.</summary>
    /// <param name="n">Sample.</param>
    /// <param name="block">Channel block.</param>
    public float* Plane(int n, int block) => _data + ((((long)n * Blocks) + block) * PlanePixels * Block);

    /// <summary>The first pixel of an interior row.</summary>
    /// <param name="plane">n * Blocks + block.</param>
    /// <param name="h">Row, 0-based.</param>
    public float* Row(int plane, int h) =>
        _data + ((((long)plane * PlanePixels) + ((h + 1) * RowPixels) + 1) * Block);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (_data != null)
        {
            NativeMemory.AlignedFree(_data);
            _data = null;
            GC.RemoveMemoryPressure(Bytes);
        }
    }
}
