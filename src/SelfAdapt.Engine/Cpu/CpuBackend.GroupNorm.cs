using System.Runtime.Intrinsics;

namespace SelfAdapt.Engine.Cpu;

// Group normalisation: sums per channel of a sample first, so that groups may begin and end within a block of channels.
internal sealed unsafe partial class CpuBackend
{
    public void GroupNorm(DeviceTensor x, in GroupNormParameters norm, DeviceTensor y)
    {
        (CpuTensor tx, CpuTensor ty) = ((CpuTensor)x, (CpuTensor)y);
        float* factors = Scratch(tx.Planes * (NormFactors.Floats + (4L * Block)));
        GroupStatistics(tx, norm, factors, (double*)(factors + ((long)tx.Planes * NormFactors.Floats)), backward: false);
        Pool.For(tx.Planes, (tx, ty, factors: (nint)factors), static (plane, s) =>
        {
            NormFactors norm = new(s.factors + ((nint)plane * NormFactors.Floats * sizeof(float)));
            for (int h = 0; h < s.tx.Shape.H; h++)
            {
                CpuKernels.Best.Normalize(s.tx.Row(plane, h), norm, s.tx.Shape.W, s.ty.Row(plane, h));
            }
        });
    }

    public void GroupNormBackward(
        DeviceTensor x, in GroupNormParameters norm, DeviceTensor dy, DeviceTensor? dx, bool accumulate,
        VectorSlice dScale, VectorSlice dBias)
    {
        (CpuTensor tx, CpuTensor tg) = ((CpuTensor)x, (CpuTensor)dy);
        (int batch, int channels) = (x.Shape.N, x.Shape.C);
        int each = channels / norm.Groups;
        float* factors = Scratch(tx.Planes * (NormFactors.Floats + (4L * Block) + (2 * Block)));
        double* partial = (double*)(factors + ((long)tx.Planes * NormFactors.Floats));
        float* terms = (float*)(partial + ((long)tx.Planes * 2 * Block));
        GroupStatistics(tx, norm, factors, partial, backward: true);
        GroupGradient gradient = new(
            tx, tg, (CpuTensor?)dx, accumulate, (nint)factors, (nint)terms, (nint)partial);
        Pool.For(tx.Planes, gradient, static (plane, gradient) => gradient.Sum(plane));
        float* scale = Pointer(norm.Scale);
        new Span<float>(Pointer(dScale), channels).Clear();
        new Span<float>(Pointer(dBias), channels).Clear();
        new Span<float>(terms, tx.Planes * 2 * Block).Clear();
        double count = (double)each * x.Shape.H * x.Shape.W;
        for (int n = 0; n < batch; n++)
        {
            for (int first = 0; first < channels; first += each)
            {
                (double sum, double dot) = (0, 0);
                double inverse = 0;
                for (int c = first; c < first + each; c++)
                {
                    int plane = (n * tx.Blocks) + (c / Block);
                    double* sums = partial + ((long)plane * 2 * Block) + (c % Block);

                    // In backward the floor's lanes hold 1 / deviation.
                    inverse = (factors + ((long)plane * NormFactors.Floats) + (3 * Block))[c % Block];
                    Pointer(dBias)[c] += (float)sums[0];
                    Pointer(dScale)[c] += (float)(sums[Block] * inverse);
                    sum += scale[c] * sums[0];
                    dot += scale[c] * sums[Block];
                }

                for (int c = first; c < first + each; c++)
                {
                    float* term = terms + ((((long)n * tx.Blocks) + (c / Block)) * 2 * Block) + (c % Block);
                    term[0] = (float)(inverse * sum / count);
                    term[Block] = (float)(inverse * inverse * inverse * dot / count);
                }
            }
        }

        if (dx is not null)
        {
            Pool.For(tx.Planes, gradient, static (plane, gradient) => gradient.Apply(plane));
        }
    }

    /// <summary>
    /// Lays out <see cref="NormFactors"/> for every plane. Backward has no use for the floor, and 1 / deviation in its
    /// place.
    /// </summary>
    /// <param name="partial">[planes][2][16], to work in.</param>
    private void GroupStatistics(CpuTensor x, in GroupNormParameters norm, float* factors, double* partial, bool backward)
    {
        DistanceSums(x, partial, FirstValues(x, x.Planes));
        int channels = x.Shape.C;
        int each = channels / norm.Groups;
        double pixels = (double)x.Shape.H * x.Shape.W;
        float* scale = Pointer(norm.Scale);
        float* bias = Pointer(norm.Bias);
        new Span<float>(factors, x.Planes * NormFactors.Floats).Clear();
        for (int n = 0; n < x.Shape.N; n++)
        {
            for (int first = 0; first < channels; first += each)
            {
                double mean = 0;
                for (int c = first; c < first + each; c++)
                {
                    mean += ChannelMean(c) / each;
                }

                double variance = 0;
                for (int c = first; c < first + each; c++)
                {
                    double offset = Sums(c)[0] / pixels;
                    double away = ChannelMean(c) - mean;
                    variance += (Math.Max(0, (Sums(c)[Block] / pixels) - (offset * offset)) + (away * away)) / each;
                }

                double inverse = 1 / Math.Sqrt(variance + norm.Epsilon);
                for (int c = first; c < first + each; c++)
                {
                    float* lane = factors + ((((long)n * x.Blocks) + (c / Block)) * NormFactors.Floats) + (c % Block);
                    lane[0] = (float)mean;
                    lane[Block] = (float)(scale[c] * inverse);
                    lane[2 * Block] = bias[c];
                    lane[3 * Block] = backward ? (float)inverse : float.NegativeInfinity;
                }
            }

            double ChannelMean(int c) => *(x.Row((n * x.Blocks) + (c / Block), 0) + (c % Block)) + (Sums(c)[0] / pixels);

            double* Sums(int c) => partial + ((((long)n * x.Blocks) + (c / Block)) * 2 * Block) + (c % Block);
        }
    }

    /// <summary>The two passes of group normalisation's backward, as those of batch normalisation.</summary>
    private readonly struct GroupGradient(
        CpuTensor x, CpuTensor dy, CpuTensor? dx, bool accumulate, nint factors, nint terms, nint partial)
    {
        /// <summary>Per channel of a plane: the sum of g, and of g * (x - mean).</summary>
        public void Sum(int plane)
        {
            Vector512<float> mean = Vector512.Load((float*)factors + ((long)plane * NormFactors.Floats));
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
                    Vector512<float> g = Vector512.Load(pg + i);
                    sum += g;
                    dot += g * (Vector512.Load(px + i) - mean);
                }

                AddTo(sums, sum);
                AddTo(sums + Block, dot);
            }
        }

        /// <summary>dx = factor * g - first term - (x - mean) * second term.</summary>
        public void Apply(int plane)
        {
            float* own = (float*)factors + ((long)plane * NormFactors.Floats);
            Vector512<float> mean = Vector512.Load(own);
            Vector512<float> factor = Vector512.Load(own + Block);
            Vector512<float> first = Vector512.Load((float*)terms + ((long)plane * 2 * Block));
            Vector512<float> second = Vector512.Load((float*)terms + ((long)plane * 2 * Block) + Block);
            for (int h = 0; h < x.Shape.H; h++)
            {
                float* px = x.Row(plane, h);
                float* pg = dy.Row(plane, h);
                float* pd = dx!.Row(plane, h);
                for (int i = 0; i < x.Shape.W * Block; i += Block)
                {
                    Vector512<float> centered = Vector512.Load(px + i) - mean;
                    Put(pd + i, (factor * Vector512.Load(pg + i)) - first - (centered * second), accumulate);
                }
            }
        }
    }
}
