using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Batch normalisation with ReLU, global pooling and the style vector, forward beside backward.
internal sealed unsafe partial class CpuBackend
{
    public void BatchNormStatistics(
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

    public void BatchNorm(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor y)
    {
        BatchNormStatistics(x, norm, use, saved);
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        float* factors = Scratch(tx.Blocks * NormFactors.Floats);
        FillNormFactors(norm, saved, factors);
        Pool.For(tx.Planes, (tx, ty, factors: (nint)factors), static (plane, s) =>
        {
            NormFactors norm = new(s.factors + (plane % s.tx.Blocks * NormFactors.Floats * sizeof(float)));
            for (int h = 0; h < s.tx.Shape.H; h++)
            {
                CpuKernels.Best.Normalize(s.tx.Row(plane, h), norm, s.tx.Shape.W, s.ty.Row(plane, h));
            }
        });
    }

    /// <summary>Lays a normalisation out as kernels read it, <see cref="NormFactors"/> for every channel block.</summary>
    internal static void FillNormFactors(in BatchNormParameters norm, DeviceVector saved, float* factors)
    {
        int channels = norm.Scale.Length;
        float* mean = Pointer(saved.Slice(0, channels));
        float* inverse = mean + channels;
        float* scale = Pointer(norm.Scale);
        float* bias = Pointer(norm.Bias);
        float floor = norm.Relu ? 0 : float.NegativeInfinity;
        for (int c = 0; c < CpuTensor.BlocksFor(channels) * Block; c++)
        {
            float* lane = factors + (c / Block * NormFactors.Floats) + (c % Block);
            bool used = c < channels;
            lane[0] = used ? mean[c] : 0;
            lane[Block] = used ? scale[c] * inverse[c] : 0;
            lane[2 * Block] = used ? bias[c] : 0;
            lane[3 * Block] = floor;
        }
    }

    public void BatchNormBackward(
        DeviceTensor x, in BatchNormParameters norm, NormStatistics use, DeviceVector saved, DeviceTensor dy,
        DeviceTensor? dx, bool accumulate, VectorSlice dScale, VectorSlice dBias)
    {
        CpuTensor tx = (CpuTensor)x;
        int channels = tx.Shape.C;
        bool batchStatistics = use != NormStatistics.Stored;
        BatchShare? share = batchStatistics ? Share : null;
        double count = (double)(share?.Total ?? tx.Shape.N) * tx.Shape.H * tx.Shape.W;
        float* inverse = Pointer(saved.Slice(channels, channels));
        float* gScale = Pointer(dScale);
        float* gBias = Pointer(dBias);

        // Per plane: sum of g and of g * (x - mean); summed over samples in order below.
        double* partial = (double*)Scratch(
            ((long)tx.Planes * 4 * Block) + (tx.Blocks * (NormFactors.Floats + (2 * Block))));
        float* factors = (float*)(partial + ((long)tx.Planes * 2 * Block));
        float* terms = factors + (tx.Blocks * NormFactors.Floats);
        FillNormFactors(norm, saved, factors);
        NormGradient gradient = new(
            tx, (CpuTensor)dy, (CpuTensor?)dx, accumulate, norm.Relu, (nint)factors, (nint)terms, (nint)partial);
        Pool.For(tx.Planes, gradient, static (plane, gradient) => gradient.Sum(plane));
        ReadOnlySpan<double> all = OfAllSamples(partial, tx, share);
        for (int c = 0; c < tx.Blocks * Block; c++)
        {
            (double sum, double dot) = c < channels ? InSampleOrder(all, tx.Blocks, c) : default;

            bool through = batchStatistics && c < channels;
            float* term = terms + (c / Block * 2 * Block) + (c % Block);
            term[0] = through ? (float)(sum / count) : 0;
            term[Block] = through ? (float)(dot * inverse[c] * inverse[c] / count) : 0;
            if (c < channels)
            {
                // Gradients of all ranks are added up: what is the whole batch's already is one rank's to give.
                bool own = share is null or { IsFirst: true };
                gBias[c] = own ? (float)sum : 0;
                gScale[c] = own ? (float)(dot * inverse[c]) : 0;
            }
        }

        if (dx is not null)
        {
            Pool.For(tx.Planes, gradient, static (plane, gradient) => gradient.Apply(plane));
        }
    }

    public void GlobalAveragePool(DeviceTensor x, DeviceTensor y) =>
        SumPlanes((CpuTensor)x, (CpuTensor)y, 1f / (x.Shape.H * x.Shape.W), false);

    public void GlobalAveragePoolBackward(DeviceTensor dy, DeviceTensor dx, bool accumulate)
    {
        (CpuTensor tg, CpuTensor tx) = ((CpuTensor)dy, (CpuTensor)dx);
        float scale = 1f / (dx.Shape.H * dx.Shape.W);
        ForEachRow(tx, (tg, tx, accumulate, scale), static (plane, h, all) =>
        {
            (CpuTensor tg, CpuTensor tx, bool accumulate, float scale) = all;
            Vector512<float> value = Vector512.Load(tg.Row(plane, 0)) * scale;
            float* px = tx.Row(plane, h);
            for (int i = 0; i < tx.Shape.W * Block; i += Block)
            {
                Put(px + i, value, accumulate);
            }
        });
    }

    public void L2Normalize(DeviceTensor x, DeviceTensor y)
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

    public void L2NormalizeBackward(
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

    /// <summary>The first value of each channel of some planes, [planes][16].</summary>
    private static float[] FirstValues(CpuTensor x, int planes)
    {
        float[] values = new float[planes * Block];
        for (int plane = 0; plane < planes; plane++)
        {
            new ReadOnlySpan<float>(x.Row(plane, 0), Block).CopyTo(values.AsSpan(plane * Block));
        }

        return values;
    }

    /// <summary>What was summed for every plane here, [planes][2][16], for those of all ranks.</summary>
    private static ReadOnlySpan<double> OfAllSamples(double* partial, CpuTensor x, BatchShare? share)
    {
        ReadOnlySpan<double> own = new(partial, x.Planes * 2 * Block);
        if (share is null)
        {
            return own;
        }

        double[] all = new double[share.Total * x.Blocks * 2 * Block];
        share.Gather(own, all.AsSpan());
        return all;
    }

    /// <summary>A channel's two sums over the samples, first to last.</summary>
    /// <param name="planes">[samples * blocks][2][16].</param>
    private static (double First, double Second) InSampleOrder(ReadOnlySpan<double> planes, int blocks, int channel)
    {
        (double first, double second) = (0, 0);
        for (int at = (channel / Block * 2 * Block) + (channel % Block); at < planes.Length; at += blocks * 2 * Block)
        {
            first += planes[at];
            second += planes[at + Block];
        }

        return (first, second);
    }

    /// <summary>
    /// For every plane the sums of its values' distances to a first value and of their squares: per row in float, over rows in
    /// double.
    /// </summary>
    /// <param name="partial">Receives [planes][2][16].</param>
    /// <param name="origins">[16] for each of some planes, over and over: those values.</param>
    private void DistanceSums(CpuTensor x, double* partial, float[] origins) =>
        Pool.For(x.Planes, (x, partial: (nint)partial, origins), static (plane, all) =>
        {
            CpuTensor x = all.x;
            double* sums = (double*)all.partial + ((long)plane * 2 * Block);
            new Span<double>(sums, 2 * Block).Clear();
            Vector512<float> shift = Vector512.Create(all.origins, plane * Block % all.origins.Length);
            for (int h = 0; h < x.Shape.H; h++)
            {
                float* p = x.Row(plane, h);
                Vector512<float> sum = Vector512<float>.Zero;
                Vector512<float> squares = Vector512<float>.Zero;
                for (int i = 0; i < x.Shape.W * Block; i += Block)
                {
                    Vector512<float> distance = Vector512.Load(p + i) - shift;
                    sum += distance;
                    squares += distance * distance;
                }

                AddTo(sums, sum);
                AddTo(sums + Block, squares);
            }
        });

    /// <summary>
    /// Mean and 1/sqrt(variance + eps) of the batch, in one pass: sums of the distance to the channel's first
    /// value (so that a large mean does not eat the variance's digits), per row in float, over rows in double.
    /// </summary>
    private void BatchStatistics(
        CpuTensor x, in BatchNormParameters norm, bool update, float* mean, float* inverse)
    {
        (int batch, int channels, int height, int width) = x.Shape;
        double* partial = (double*)Scratch((long)x.Planes * 4 * Block);
        float[] origins = FirstValues(x, x.Blocks);
        if (Share is { } share)
        {
            // Those of the batch's first sample, wherever it is.
            origins = share.OfFirst<float>(origins);
        }

        DistanceSums(x, partial, origins);
        ReadOnlySpan<double> all = OfAllSamples(partial, x, Share);
        double count = (double)SamplesOfAll(batch) * height * width;
        float* runningMean = Pointer(norm.Mean);
        float* runningVariance = Pointer(norm.Variance);
        for (int c = 0; c < channels; c++)
        {
            (double sum, double squares) = InSampleOrder(all, x.Blocks, c);
            double offset = sum / count;
            double value = origins[c] + offset;
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

    /// <summary>
    /// The two passes of batch normalisation's backward: the gradient g that passes the ReLU (recomputed from the
    /// input exactly as forward did) summed, then spread over the inputs.
    /// </summary>
    private readonly struct NormGradient(
        CpuTensor x, CpuTensor dy, CpuTensor? dx, bool accumulate, bool relu, nint factors, nint terms, nint partial)
    {
        /// <summary>Per channel of a plane: the sum of g, and of g * (x - mean).</summary>
        public void Sum(int plane)
        {
            Lanes own = new((float*)factors + (plane % x.Blocks * NormFactors.Floats), relu);
            double* sums = (double*)partial + ((long)plane * 2 * Block);
            new Span<double>(sums, 2 * Block).Clear();
            for (int h = 0; h < x.Shape.H; h++)
            {
                float* px = x.Row(plane, h);
                float* pg = dy.Row(plane, h);
                Vector512<float> sum = Vector512<float>.Zero;
                Vector512<float> dot = Vector512<float>.Zero;
                for (int i = 0; i < x.Shape.W * Block; i += Block)
                {
                    Vector512<float> centered = Vector512.Load(px + i) - own.Mean;
                    Vector512<float> g = own.Gate(centered, Vector512.Load(pg + i));
                    sum += g;
                    dot += g * centered;
                }

                AddTo(sums, sum);
                AddTo(sums + Block, dot);
            }
        }

        /// <summary>dx = factor * (g - mean of g - (x - mean) * mean of g * (x - mean) / variance).</summary>
        public void Apply(int plane)
        {
            int block = plane % x.Blocks;
            Lanes own = new((float*)factors + (block * NormFactors.Floats), relu);
            Vector512<float> meanSum = Vector512.Load((float*)terms + (block * 2 * Block));
            Vector512<float> meanDot = Vector512.Load((float*)terms + (block * 2 * Block) + Block);
            bool through = !accumulate && dx!.Bytes > LastCacheBytes;
            for (int h = 0; h < x.Shape.H; h++)
            {
                float* px = x.Row(plane, h);
                float* pg = dy.Row(plane, h);
                float* pd = dx!.Row(plane, h);
                for (int i = 0; i < x.Shape.W * Block; i += Block)
                {
                    Vector512<float> centered = Vector512.Load(px + i) - own.Mean;
                    Vector512<float> g = own.Gate(centered, Vector512.Load(pg + i));
                    Vector512<float> value = own.Factor * (g - meanSum - (centered * meanDot));
                    if (through)
                    {
                        value.StoreAlignedNonTemporal(pd + i);
                    }
                    else
                    {
                        Put(pd + i, value, accumulate);
                    }
                }
            }
        }

        private readonly ref struct Lanes(float* factors, bool relu)
        {
            private readonly Vector512<float> _bias = Vector512.Load(factors + (2 * Block));

            public Vector512<float> Mean { get; } = Vector512.Load(factors);

            /// <summary>scale / sqrt(variance + eps).</summary>
            public Vector512<float> Factor { get; } = Vector512.Load(factors + Block);

            public Vector512<float> Gate(Vector512<float> centered, Vector512<float> gradient) =>
                relu
                    ? Vector512.GreaterThan(
                        Vector512.MultiplyAddEstimate(centered, Factor, _bias), Vector512<float>.Zero) & gradient
                    : gradient;
        }
    }
}
