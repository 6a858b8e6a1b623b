using System;
using System.Runtime.Intrinsics;

namespace SelfAdapt.Compute.Cpu;

// Batch normalisation with ReLU, global pooling and the style vector, forward beside backward.
public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public override void BatchNormStatistics(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved)
    {
        int channels = x.Shape.C;
        float* mean = Pointer(saved.Slice(0, channels));
        float* inverse = mean + channels;
        if (use == NormStatistics.Stored)
        {
            float* storedMean = Pointer(norm.Mean);
            float* storedVariance = Pointer(norm.Variance);
            for (int c = 0; c < channels; c++)
            {
                mean[c] = storedMean[c];
                inverse[c] = (float)(1 / Math.Sqrt((double)storedVariance[c] + norm.Epsilon));
            }
        }
        else
        {
            BatchStatistics((CpuTensor)x, norm, use == NormStatistics.BatchAndUpdate, mean, inverse);
        }
    }

    /// <inheritdoc/>
    public override void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y)
    {
        BatchNormStatistics(x, norm, use, saved);
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        float* lanes = Scratch(tx.Blocks * NormLanes.Floats);
        FillNormLanes(norm, saved, lanes);
        Pool.For(tx.Planes, (tx, ty, lanes: (nint)lanes), static (plane, s) =>
        {
            NormLanes norm = new(s.lanes + (plane % s.tx.Blocks * NormLanes.Floats * sizeof(float)));
            for (int h = 0; h < s.tx.Shape.H; h++)
            {
                CpuKernels.Best.Normalize(s.tx.Row(plane, h), norm, s.tx.Shape.W, s.ty.Row(plane, h));
            }
        });
    }

    /// <summary>Lays a normalisation out as kernels read it, <see cref="NormLanes"/> for every channel block.</summary>
    internal static void FillNormLanes(in BatchNormParameters norm, DeviceVector saved, float* lanes)
    {
        int channels = norm.Scale.Length;
        float* mean = Pointer(saved.Slice(0, channels));
        float* inverse = mean + channels;
        float* scale = Pointer(norm.Scale);
        float* bias = Pointer(norm.Bias);
        float floor = norm.Relu ? 0 : float.NegativeInfinity;
        for (int c = 0; c < (channels + Block - 1) / Block * Block; c++)
        {
            float* lane = lanes + (c / Block * NormLanes.Floats) + (c % Block);
            bool used = c < channels;
            lane[0] = used ? mean[c] : 0;
            lane[Block] = used ? scale[c] * inverse[c] : 0;
            lane[2 * Block] = used ? bias[c] : 0;
            lane[3 * Block] = floor;
        }
    }

    /// <inheritdoc/>
    public override void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias)
    {
        (CpuTensor tx, CpuTensor tg) = ((CpuTensor)x, (CpuTensor)dy);
        CpuTensor? td = (CpuTensor?)dx;
        int channels = tx.Shape.C;
        double count = (double)tx.Shape.N * tx.Shape.H * tx.Shape.W;
        float* mean = Pointer(saved.Slice(0, channels));
        float* inverse = mean + channels;
        float* scale = Pointer(norm.Scale);
        float* bias = Pointer(norm.Bias);
        float* gScale = Pointer(dScale);
        float* gBias = Pointer(dBias);
        bool relu = norm.Relu;
        bool batchStatistics = use != NormStatistics.Stored;

        // Per plane: sum of g and of g * (x - mean); summed over samples in order below.
        double* partial = (double*)Scratch((long)tx.Planes * 4 * Block);
        Pool.For(tx.Planes, (plane) =>
        {
            NormGate lanes = new(plane % tx.Blocks * Block, channels, mean, inverse, scale, bias, relu);
            double* sums = partial + ((long)plane * 2 * Block);
            new Span<double>(sums, 2 * Block).Clear();
            for (int h = 0; h < tx.Shape.H; h++)
            {
                float* px = tx.Row(plane, h);
                float* pg = tg.Row(plane, h);
                Vector512<float> sum = Vector512<float>.Zero;
                Vector512<float> dot = Vector512<float>.Zero;
                for (int i = 0; i < tx.Shape.W * Block; i += Block)
                {
                    Vector512<float> centered = Vector512.Load(px + i) - lanes.Mean;
                    Vector512<float> g = lanes.Gate(centered, Vector512.Load(pg + i));
                    sum += g;
                    dot += g * centered;
                }

                AddTo(sums, sum);
                AddTo(sums + Block, dot);
            }
        });

        for (int c = 0; c < channels; c++)
        {
            (double sum, double dot) = (0, 0);
            for (int n = 0; n < tx.Shape.N; n++)
            {
                double* sums = partial + ((((long)n * tx.Blocks) + (c / Block)) * 2 * Block) + (c % Block);
                sum += sums[0];
                dot += sums[Block];
            }

            gBias[c] = (float)sum;
            gScale[c] = (float)(dot * inverse[c]);
        }

        if (td is null)
        {
            return;
        }

        Pool.For(tx.Planes, (plane) =>
        {
            int first = plane % tx.Blocks * Block;
            NormGate lanes = new(first, channels, mean, inverse, scale, bias, relu);
            float* terms = stackalloc float[2 * Block];
            for (int lane = 0; lane < Block; lane++)
            {
                int c = first + lane;
                bool through = batchStatistics && c < channels;
                terms[lane] = through ? (float)(gBias[c] / count) : 0;
                terms[Block + lane] = through ? (float)(gScale[c] * inverse[c] / count) : 0;
            }

            (Vector512<float> meanSum, Vector512<float> meanDot) =
                (Vector512.Load(terms), Vector512.Load(terms + Block));
            for (int h = 0; h < tx.Shape.H; h++)
            {
                float* px = tx.Row(plane, h);
                float* pg = tg.Row(plane, h);
                float* pd = td.Row(plane, h);
                for (int i = 0; i < tx.Shape.W * Block; i += Block)
                {
                    Vector512<float> centered = Vector512.Load(px + i) - lanes.Mean;
                    Vector512<float> g = lanes.Gate(centered, Vector512.Load(pg + i));
                    Put(pd + i, lanes.Factor * (g - meanSum - (centered * meanDot)), accumulate);
                }
            }
        });
    }

    /// <inheritdoc/>
    public override void GlobalAveragePool(DeviceTensor x, DeviceTensor y) =>
        SumPlanes((CpuTensor)x, (CpuTensor)y, 1f / (x.Shape.H * x.Shape.W), false);

    /// <inheritdoc/>
    public override void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tg, CpuTensor tx) = ((CpuTensor)dy, (CpuTensor)dx);
        float scale = 1f / (dx.Shape.H * dx.Shape.W);
        ForEachRow(tx, (plane, h) =>
        {
            Vector512<float> value = Vector512.Load(tg.Row(plane, 0)) * scale;
            float* px = tx.Row(plane, h);
            for (int i = 0; i < tx.Shape.W * Block; i += Block)
            {
                Put(px + i, value, accumulate);
            }
        });
    }

    /// <inheritdoc/>
    public override void L2Normalize(DeviceTensor x, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        for (int n = 0; n < x.Shape.N; n++)
        {
            double norm = Math.Sqrt(Dot(tx, tx, n));
            for (int block = 0; block < tx.Blocks; block++)
            {
                float* px = tx.Row((n * tx.Blocks) + block, 0);
                float* py = ty.Row((n * tx.Blocks) + block, 0);
                (Vector512.Load(px) * (norm > 0 ? (float)(1 / norm) : 0)).Store(py);
            }
        }
    }

    /// <inheritdoc/>
    public override void L2NormalizeBackward(
        DeviceTensor x, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        (CpuTensor tg, CpuTensor td) = ((CpuTensor)dy, (CpuTensor)dx);
        for (int n = 0; n < x.Shape.N; n++)
        {
            double norm = Math.Sqrt(Dot(tx, tx, n));
            float dot = (float)Dot(ty, tg, n);
            float scale = norm > 0 ? (float)(1 / norm) : 0;
            for (int plane = n * tx.Blocks; plane < (n + 1) * tx.Blocks; plane++)
            {
                Vector512<float> g = Vector512.Load(tg.Row(plane, 0)) - (Vector512.Load(ty.Row(plane, 0)) * dot);
                Put(td.Row(plane, 0), g * scale, accumulate);
            }
        }
    }

    private static float* Pooled(CpuTensor tensor, int n, int c) =>
        tensor.Row((n * tensor.Blocks) + (c / Block), 0) + (c % Block);

    private static double Dot(CpuTensor a, CpuTensor b, int n)
    {
        double sum = 0;
        for (int c = 0; c < a.Shape.C; c++)
        {
            sum += (double)*Pooled(a, n, c) * *Pooled(b, n, c);
        }

        return sum;
    }

    /// <summary>
    /// Mean and 1/sqrt(variance + eps) of the batch, in one pass: sums of the distance to the channel's first
    /// value (so that a large mean does not eat the variance's digits), per row in float, over rows in double.
    /// </summary>
    private void BatchStatistics(
        CpuTensor x, in BatchNormParameters norm, bool update, float* mean, float* inverse)
    {
        (int batch, int channels, int height, int width) = x.Shape;
        double* partial = (double*)Scratch((long)x.Planes * 4 * Block);
        Pool.For(x.Planes, (plane) =>
        {
            double* sums = partial + ((long)plane * 2 * Block);
            new Span<double>(sums, 2 * Block).Clear();
            Vector512<float> shift = Vector512.Load(x.Row(plane % x.Blocks, 0));
            for (int h = 0; h < height; h++)
            {
                float* p = x.Row(plane, h);
                Vector512<float> sum = Vector512<float>.Zero;
                Vector512<float> squares = Vector512<float>.Zero;
                for (int i = 0; i < width * Block; i += Block)
                {
                    Vector512<float> distance = Vector512.Load(p + i) - shift;
                    sum += distance;
                    squares += distance * distance;
                }

                AddTo(sums, sum);
                AddTo(sums + Block, squares);
            }
        });

        double count = (double)batch * height * width;
        float* runningMean = Pointer(norm.Mean);
        float* runningVariance = Pointer(norm.Variance);
        for (int c = 0; c < channels; c++)
        {
            (double sum, double squares) = (0, 0);
            for (int n = 0; n < batch; n++)
            {
                double* sums = partial + ((((long)n * x.Blocks) + (c / Block)) * 2 * Block) + (c % Block);
                sum += sums[0];
                squares += sums[Block];
            }

            double offset = sum / count;
            double value = x.Row(c / Block, 0)[c % Block] + offset;
            double variance = Math.Max(0, (squares / count) - (offset * offset));
            mean[c] = (float)value;
            inverse[c] = (float)(1 / Math.Sqrt(variance + norm.Epsilon));
            if (update)
            {
                double unbiased = count > 1 ? variance * count / (count - 1) : variance;
                runningMean[c] += (float)(norm.Momentum * (value - runningMean[c]));
                runningVariance[c] += (float)(norm.Momentum * (unbiased - runningVariance[c]));
            }
        }
    }

    /// <summary>One channel block's normalisation, as the backward pass needs it.</summary>
    private readonly ref struct NormGate
    {
        private readonly Vector512<float> _bias;
        private readonly bool _relu;

        public NormGate(
            int first, int channels, float* mean, float* inverse, float* scale, float* bias, bool relu)
        {
            float* lanes = stackalloc float[3 * Block];
            for (int lane = 0; lane < Block; lane++)
            {
                int c = first + lane;
                lanes[lane] = c < channels ? mean[c] : 0;
                lanes[Block + lane] = c < channels ? scale[c] * inverse[c] : 0;
                lanes[(2 * Block) + lane] = c < channels ? bias[c] : 0;
            }

            Mean = Vector512.Load(lanes);
            Factor = Vector512.Load(lanes + Block);
            _bias = Vector512.Load(lanes + (2 * Block));
            _relu = relu;
        }

        public Vector512<float> Mean { get; }

        /// <summary>scale / sqrt(variance + eps).</summary>
        public Vector512<float> Factor { get; }

        /// <summary>
        /// Scale and bias for a value that the mean was taken from. Taking it first costs a subtraction and keeps
        /// the digits: with x * scale + (bias - mean * scale) and means far above the deviation, as in Cellpose's
        /// decoder, gradients were off by 1e-3.
        /// </summary>
        public Vector512<float> Normalize(Vector512<float> centered) => (centered * Factor) + _bias;

        /// <summary>The gradient that passes the ReLU, recomputed from the input exactly as forward did.</summary>
        public Vector512<float> Gate(Vector512<float> centered, Vector512<float> gradient) =>
            _relu ? Vector512.GreaterThan(Normalize(centered), Vector512<float>.Zero) & gradient : gradient;
    }
}
