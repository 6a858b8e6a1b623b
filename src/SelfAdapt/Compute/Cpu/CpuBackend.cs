using System;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Threading;

namespace SelfAdapt.Compute.Cpu;

/// <summary>
/// The embedded default: SIMD on every core, no native library. Results do not depend on the number of threads.
/// </summary>
public sealed unsafe partial class CpuBackend : HostBackend<float>
{
    private const int Block = CpuTensor.Block;

    private readonly ScratchMemory _scratch = new();
    private readonly ThreadLocal<ScratchMemory> _workerScratch = new(() => new ScratchMemory());

    /// <summary>Starts the backend.</summary>
    /// <param name="threads">Threads that compute; 0 = one per processor.</param>
    /// <param name="exact">
    /// Convolve directly everywhere: slower, and closer to other engines' last digits than Winograd's algorithm.
    /// </param>
    public CpuBackend(int threads = 0, bool exact = false)
    {
        Pool = new WorkerPool(threads > 0 ? threads : Environment.ProcessorCount);
        Exact = exact;
    }

    /// <summary>Convolutions are direct everywhere.</summary>
    public bool Exact { get; }

    /// <inheritdoc/>
    public override string Name => $"cpu ({Pool.Threads} thread{(Pool.Threads == 1 ? "" : "s")}, {InstructionSet})";

    private protected override void For(int count, Action<int> body) => Pool.For(count, body);

    /// <summary>The widest instruction set in use.</summary>
    public static string InstructionSet =>
        Vector512.IsHardwareAccelerated ? "AVX-512"
        : Fma.IsSupported ? "AVX2"
        : Vector128.IsHardwareAccelerated ? "128-bit SIMD"
        : "scalar";

    /// <summary>The threads.</summary>
    internal WorkerPool Pool { get; }

    /// <inheritdoc/>
    public override DeviceTensor CreateTensor(TensorShape shape) => new CpuTensor(shape);

    /// <inheritdoc/>
    public override Convolution CreateConvolution(int inputs, int outputs, int kernel) =>
        CpuConvolution.Create(this, inputs, outputs, kernel);

    /// <inheritdoc/>
    public override void Import(DeviceVector source, DeviceTensor target)
    {
        CpuTensor t = (CpuTensor)target;
        float* from = Pointer(source.Slice(0, source.Length));
        (_, int channels, int height, int width) = t.Shape;
        Pool.For(t.Planes, (plane) =>
        {
            (int n, int block) = (plane / t.Blocks, plane % t.Blocks);
            for (int c = block * Block; c < Math.Min(channels, (block + 1) * Block); c++)
            {
                float* p = from + ((((long)n * channels) + c) * height * width);
                for (int h = 0; h < height; h++)
                {
                    float* row = t.Row(plane, h) + (c % Block);
                    for (int w = 0; w < width; w++)
                    {
                        row[w * Block] = *p++;
                    }
                }
            }
        });
    }

    /// <inheritdoc/>
    public override void Export(DeviceTensor source, DeviceVector target)
    {
        CpuTensor s = (CpuTensor)source;
        float* to = Pointer(target.Slice(0, target.Length));
        (_, int channels, int height, int width) = s.Shape;
        Pool.For(s.Planes, (plane) =>
        {
            (int n, int block) = (plane / s.Blocks, plane % s.Blocks);
            for (int c = block * Block; c < Math.Min(channels, (block + 1) * Block); c++)
            {
                float* p = to + ((((long)n * channels) + c) * height * width);
                for (int h = 0; h < height; h++)
                {
                    float* row = s.Row(plane, h) + (c % Block);
                    for (int w = 0; w < width; w++)
                    {
                        *p++ = row[w * Block];
                    }
                }
            }
        });
    }

    /// <summary>The address of a vector's part; the vector's memory is pinned.</summary>
    internal static float* Pointer(VectorSlice slice)
    {
        float[] data = ((HostVector<float>)slice.Vector).Data;
        return (float*)Marshal.UnsafeAddrOfPinnedArrayElement(data, 0) + slice.Offset;
    }

    /// <summary>Working memory for a whole operation; the content of earlier calls is lost.</summary>
    internal float* Scratch(long floats) => _scratch.Take(floats);

    /// <summary>Working memory of the calling thread within one task; the content of earlier calls is lost.</summary>
    internal float* WorkerScratch(long floats) => _workerScratch.Value!.Take(floats);

    /// <summary>Sums a tensor over samples and pixels, per channel, in double and in a fixed order.</summary>
    internal void SumPerChannel(CpuTensor tensor, float* target)
    {
        Pool.For(tensor.Blocks, (block) =>
        {
            double* sums = stackalloc double[Block];
            new Span<double>(sums, Block).Clear();
            for (int n = 0; n < tensor.Shape.N; n++)
            {
                for (int h = 0; h < tensor.Shape.H; h++)
                {
                    float* p = tensor.Row((n * tensor.Blocks) + block, h);
                    Vector512<float> sum = Vector512<float>.Zero;
                    for (int w = 0; w < tensor.Shape.W; w++, p += Block)
                    {
                        sum += Vector512.Load(p);
                    }

                    AddTo(sums, sum);
                }
            }

            for (int lane = 0; lane < Block && (block * Block) + lane < tensor.Shape.C; lane++)
            {
                target[(block * Block) + lane] = (float)sums[lane];
            }
        });
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Pool.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void AddTo(double* sums, Vector512<float> values)
    {
        for (int lane = 0; lane < Block; lane++)
        {
            sums[lane] += values[lane];
        }
    }

    /// <summary>target = value, or target += value, 16 floats.</summary>
    internal static void Put(float* target, Vector512<float> value, bool accumulate) =>
        (accumulate ? Vector512.Load(target) + value : value).Store(target);

    /// <summary>target = value, plus the residual where there is one, 16 floats.</summary>
    internal static void PutSum(float* value, float* residual, float* target) =>
        (residual == null ? Vector512.Load(value) : Vector512.Load(value) + Vector512.Load(residual)).Store(target);
}
