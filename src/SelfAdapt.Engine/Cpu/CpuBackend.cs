using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Cpu;

/// <summary>
/// The embedded default: SIMD on every core, no native library. Results do not depend on the number of threads.
/// </summary>
internal sealed unsafe partial class CpuBackend : HostBackend<float>, ITensorOperators
{
    /// <summary>Tensors above this are not found in a cache later: they are written past it.</summary>
    internal const long LastCacheBytes = 32 << 20;

    private const int Block = CpuTensor.Block;

    private readonly ScratchMemory _scratch = new();
    private readonly ThreadLocal<ScratchMemory> _workerScratch = new(() => new ScratchMemory(), trackAllValues: true);

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

    internal override ITensorOperators Operators => this;

    public override string Name => $"cpu ({Pool.Threads} thread{(Pool.Threads == 1 ? "" : "s")}, {InstructionSet})";

    private protected override void For(int count, Action<int> body) => Pool.For(count, body);

    /// <summary>The widest instruction set in use.</summary>
    public static string InstructionSet =>
        Vector512.IsHardwareAccelerated ? "AVX-512"
        : Fma.IsSupported ? "AVX2"
        : Vector128.IsHardwareAccelerated ? "128-bit SIMD"
        : "scalar";

    internal WorkerPool Pool { get; }

    internal override DeviceTensor CreateTensor(TensorShape shape) => new CpuTensor(shape);

    internal override long TensorBytes(TensorShape shape) => CpuTensor.BytesFor(shape);

    internal override TensorBlock CreateTensors(IReadOnlyList<TensorPlace> places)
    {
        CpuMemory memory = new(places.Count == 0 ? 0 : places.Max(p => p.End), "activations");
        return new TensorBlock([.. places.Select(p => new CpuTensor(p.Shape, memory, p.Offset))], memory, memory.Bytes);
    }

    internal override void Prepare(DeviceTensor tensor)
    {
        CpuTensor t = (CpuTensor)tensor;
        Pool.For(t.Planes, t, static (plane, t) => t.ClearPadding(plane));
        t.ClearSlack();
    }

    internal override Convolution CreateConvolution(int inputs, int outputs, int kernel) =>
        CpuConvolution.Create(this, inputs, outputs, kernel);

    /// <summary>
    /// Few enough images that a network's activations stay in the last cache, enough for all threads to have tiles.
    /// </summary>
    internal override int EvaluationSlice(int batch, int height, int width)
    {
        const int EnoughPixels = 200 * 200;
        int slice = 1;
        while (batch % slice != 0 || (slice < batch && slice * height * width < EnoughPixels))
        {
            slice++;
        }

        return slice;
    }

    public void Import(VectorSlice source, DeviceTensor target)
    {
        CpuTensor t = (CpuTensor)target;
        Pool.For(t.Planes, (t, from: (nint)Pointer(source)), static (plane, s) =>
        {
            CpuTensor t = s.t;
            (int n, int block) = (plane / t.Blocks, plane % t.Blocks);
            for (int c = block * Block; c < Math.Min(t.Shape.C, (block + 1) * Block); c++)
            {
                float* p = (float*)s.from + ((((long)n * t.Shape.C) + c) * t.Shape.H * t.Shape.W);
                for (int h = 0; h < t.Shape.H; h++)
                {
                    float* row = t.Row(plane, h) + (c % Block);
                    for (int w = 0; w < t.Shape.W; w++)
                    {
                        row[w * Block] = *p++;
                    }
                }
            }
        });
    }

    public void Export(DeviceTensor source, VectorSlice target)
    {
        CpuTensor s = (CpuTensor)source;
        Pool.For(s.Planes, (source: s, to: (nint)Pointer(target)), static (plane, t) =>
        {
            CpuTensor s = t.source;
            (int n, int block) = (plane / s.Blocks, plane % s.Blocks);
            for (int c = block * Block; c < Math.Min(s.Shape.C, (block + 1) * Block); c++)
            {
                float* p = (float*)t.to + ((((long)n * s.Shape.C) + c) * s.Shape.H * s.Shape.W);
                for (int h = 0; h < s.Shape.H; h++)
                {
                    float* row = s.Row(plane, h) + (c % Block);
                    for (int w = 0; w < s.Shape.W; w++)
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
        Pool.For(tensor.Blocks, (tensor, target: (nint)target), static (block, s) =>
        {
            CpuTensor tensor = s.tensor;
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
                ((float*)s.target)[(block * Block) + lane] = (float)sums[lane];
            }
        });
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Pool.Dispose();
            _scratch.Dispose();
            foreach (ScratchMemory scratch in _workerScratch.Values)
            {
                scratch.Dispose();
            }
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
