using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Batch normalisation, ReLU behind it if asked: y = max(0, (x - mean) f + b), f = scale / sqrt(variance + eps).
/// Statistics in one reading: each thread takes its pixels four at a time, the four's mean and squared deviations
/// exactly, and merges (count, mean, squares) pairwise (Chan, Golub and LeVeque 1979): no large sums are subtracted,
/// and all is relative to the channel's first value, so that a large mean does not eat the variance's digits. Backward:
/// g = dy where y &gt; 0; dbias = sum g; dscale = sum g (x - mean) / sqrt(variance + eps); with batch statistics dx = f
/// (g - mean(g) - (x - mean) mean(g (x - mean)) / (variance + eps)), with stored ones dx = f g. Layout: lanes
/// [4][pitch] = mean, f, b, 1 / sqrt(variance + eps); partial [chunks][2][pitch], in Moments the first values behind
/// it; terms [2][pitch]. Launch: Moments, GradientSums: group (quads, rows), grid (quads, chunks); Finish...: a group
/// per channel; the rest one thread per quad.
/// </summary>
public static class BatchNorm
{
    /// <summary>Mean and sum of squared deviations of each channel in a chunk of pixels.</summary>
    public static void Moments(ArrayView<float> x, ArrayView<float> partial, int pixels, int pitch)
    {
        ArrayView<Quad> means = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<Quad> squares = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<float> counts = SharedMemory.Allocate<float>(Reduction.MaxThreads);
        ArrayView<Quad> source = Quad.View(x);
        int pitchQuads = pitch / 4;
        int quad = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int each = (pixels + Grid.DimY - 1) / Grid.DimY;
        int start = Grid.IdxY * each;
        int end = start + each < pixels ? start + each : pixels;
        float count = 0;
        Quad mean = Quad.All(0);
        Quad square = Quad.All(0);
        int p = start + Group.IdxY;
        int step = Group.DimY;
        Quad pivot = Quad.All(0);
        if (quad < pitchQuads)
        {
            pivot = source[quad];
        }
        else
        {
            p = end;
        }

        for (; p + (3 * step) < end; p += 4 * step)
        {
            int at = (p * pitchQuads) + quad;
            Quad a = Quad.Subtract(source[at], pivot);
            Quad b = Quad.Subtract(source[at + (step * pitchQuads)], pivot);
            Quad c = Quad.Subtract(source[at + (2 * step * pitchQuads)], pivot);
            Quad d = Quad.Subtract(source[at + (3 * step * pitchQuads)], pivot);
            Quad four = Quad.Scale(Quad.Add(Quad.Add(a, b), Quad.Add(c, d)), 0.25f);
            Quad around = Quad.Add(
                Quad.Add(Square(a, four), Square(b, four)), Quad.Add(Square(c, four), Square(d, four)));
            float share = 4 / (count + 4);
            square = Quad.Add(square, Quad.Add(around, Quad.Scale(Square(four, mean), count * share)));
            mean = Quad.Add(mean, Quad.Scale(Quad.Subtract(four, mean), share));
            count += 4;
        }

        for (; p < end; p += step)
        {
            Quad a = Quad.Subtract(source[(p * pitchQuads) + quad], pivot);
            float share = 1 / (count + 1);
            square = Quad.Add(square, Quad.Scale(Square(a, mean), count * share));
            mean = Quad.Add(mean, Quad.Scale(Quad.Subtract(a, mean), share));
            count += 1;
        }

        int own = (Group.IdxY * Group.DimX) + Group.IdxX;
        means[own] = mean;
        squares[own] = square;
        counts[own] = count;
        Group.Barrier();
        for (int half = Group.DimY / 2; half > 0; half /= 2)
        {
            if (Group.IdxY < half)
            {
                int other = own + (half * Group.DimX);
                float total = counts[own] + counts[other];
                float share = total > 0 ? counts[other] / total : 0;
                Quad between = Quad.Scale(Square(means[other], means[own]), counts[own] * share);
                squares[own] = Quad.Add(squares[own], Quad.Add(squares[other], between));
                means[own] = Quad.Add(means[own], Quad.Scale(Quad.Subtract(means[other], means[own]), share));
                counts[own] = total;
            }

            Group.Barrier();
        }

        if (Group.IdxY == 0 && quad < pitchQuads)
        {
            int to = (Grid.IdxY * 2 * pitchQuads) + quad;
            Quad.View(partial)[to] = means[own];
            Quad.View(partial)[to + pitchQuads] = squares[own];
            if (Grid.IdxY == 0)
            {
                Quad.View(partial)[(2 * Grid.DimY * pitchQuads) + quad] = pivot;
            }
        }
    }

    /// <summary>Merges the chunks of a channel; moves the stored statistics; lays out what normalises.</summary>
    public static void FinishMoments(
        ArrayView<float> partial, ArrayView<float> scale, ArrayView<float> bias, ArrayView<float> runningMean,
        ArrayView<float> runningVariance, ArrayView<float> saved, ArrayView<float> lanes, int channels, int pitch,
        int pixels, int chunks, float epsilon, float momentum, int update)
    {
        ArrayView<double> means = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        ArrayView<double> squares = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        ArrayView<double> counts = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int c = Grid.IdxX;
        int thread = Group.IdxX;
        int each = (pixels + chunks - 1) / chunks;
        double count = 0;
        double mean = 0;
        double square = 0;
        for (int chunk = thread; chunk < chunks; chunk += Group.DimX)
        {
            int rest = pixels - (chunk * each);
            double own = rest < 0 ? 0 : rest < each ? rest : each;
            double total = count + own;
            double share = total > 0 ? own / total : 0;
            double away = partial[(chunk * 2 * pitch) + c] - mean;
            square += partial[(((chunk * 2) + 1) * pitch) + c] + (away * away * count * share);
            mean += away * share;
            count = total;
        }

        means[thread] = mean;
        squares[thread] = square;
        counts[thread] = count;
        Group.Barrier();
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (thread < half)
            {
                double total = counts[thread] + counts[thread + half];
                double share = total > 0 ? counts[thread + half] / total : 0;
                double away = means[thread + half] - means[thread];
                squares[thread] += squares[thread + half] + (away * away * counts[thread] * share);
                means[thread] += away * share;
                counts[thread] = total;
            }

            Group.Barrier();
        }

        if (thread == 0)
        {
            double variance = squares[0] / pixels;
            double center = partial[(2 * chunks * pitch) + c] + means[0];
            if (update != 0 && c < channels)
            {
                double unbiased = pixels > 1 ? squares[0] / (pixels - 1) : variance;
                runningMean[c] += (float)(momentum * (center - runningMean[c]));
                runningVariance[c] += (float)(momentum * (unbiased - runningVariance[c]));
            }

            WriteLanes(scale, bias, saved, lanes, c, channels, pitch, center, variance + epsilon);
        }
    }

    /// <summary>Lays out the stored statistics.</summary>
    public static void UseStored(
        ArrayView<float> scale, ArrayView<float> bias, ArrayView<float> runningMean, ArrayView<float> runningVariance,
        ArrayView<float> saved, ArrayView<float> lanes, int channels, int pitch, float epsilon)
    {
        int c = Place.Index();
        if (c < pitch)
        {
            double mean = c < channels ? runningMean[c] : 0;
            double variance = c < channels ? runningVariance[c] : 1;
            WriteLanes(scale, bias, saved, lanes, c, channels, pitch, mean, variance + epsilon);
        }
    }

    /// <summary>y = the normalised x.</summary>
    public static void Apply(
        ArrayView<float> x, ArrayView<float> lanes, ArrayView<float> y, int relu, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> norm = Quad.View(lanes);
            int c = i % pitchQuads;
            Quad centered = Quad.Subtract(Quad.View(x)[i], norm[c]);
            Quad value = Quad.Add(Quad.Multiply(centered, norm[c + pitchQuads]), norm[c + (2 * pitchQuads)]);
            Quad.View(y)[i] = relu != 0 ? Quad.Relu(value) : value;
        }
    }

    /// <summary>Sums of g and of g (x - mean) in a chunk of pixels.</summary>
    public static void GradientSums(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> partial, int relu, int pixels,
        int pitch)
    {
        ArrayView<Quad> sums = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<Quad> dots = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<Quad> source = Quad.View(x);
        ArrayView<Quad> gradient = Quad.View(dy);
        ArrayView<Quad> norm = Quad.View(lanes);
        int pitchQuads = pitch / 4;
        int quad = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int each = (pixels + Grid.DimY - 1) / Grid.DimY;
        int start = Grid.IdxY * each;
        int end = start + each < pixels ? start + each : pixels;
        Quad sum = Quad.All(0);
        Quad dot = Quad.All(0);
        if (quad < pitchQuads)
        {
            Quad mean = norm[quad];
            Quad factor = norm[quad + pitchQuads];
            Quad bias = norm[quad + (2 * pitchQuads)];
            for (int p = start + Group.IdxY; p < end; p += Group.DimY)
            {
                int at = (p * pitchQuads) + quad;
                Quad centered = Quad.Subtract(source[at], mean);
                Quad g = Gated(centered, factor, bias, gradient[at], relu);
                sum = Quad.Add(sum, g);
                dot = Quad.Add(dot, Quad.Multiply(g, centered));
            }
        }

        int own = (Group.IdxY * Group.DimX) + Group.IdxX;
        sums[own] = sum;
        dots[own] = dot;
        Reduction.SumOverY(sums);
        Reduction.SumOverY(dots);
        if (Group.IdxY == 0 && quad < pitchQuads)
        {
            int to = (Grid.IdxY * 2 * pitchQuads) + quad;
            Quad.View(partial)[to] = sums[own];
            Quad.View(partial)[to + pitchQuads] = dots[own];
        }
    }

    /// <summary>Gradients of scale and bias, and what the inputs' gradient subtracts.</summary>
    public static void FinishGradient(
        ArrayView<float> partial, ArrayView<float> lanes, ArrayView<float> dScale, ArrayView<float> dBias,
        ArrayView<float> terms, int channels, int pitch, int pixels, int chunks, int batchStatistics)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int c = Grid.IdxX;
        double ownSum = 0;
        double ownDot = 0;
        for (int chunk = Group.IdxX; chunk < chunks; chunk += Group.DimX)
        {
            ownSum += partial[(chunk * 2 * pitch) + c];
            ownDot += partial[(((chunk * 2) + 1) * pitch) + c];
        }

        double sum = Reduction.Sum(ownSum, scratch);
        Group.Barrier();
        double dot = Reduction.Sum(ownDot, scratch);
        if (Group.IdxX == 0)
        {
            double inverse = lanes[(3 * pitch) + c];
            bool through = batchStatistics != 0 && c < channels;
            terms[c] = through ? (float)(sum / pixels) : 0;
            terms[pitch + c] = through ? (float)(dot * inverse * inverse / pixels) : 0;
            if (c < channels)
            {
                dBias[c] = (float)sum;
                dScale[c] = (float)(dot * inverse);
            }
        }
    }

    /// <summary>The inputs' gradient. dx may be dy.</summary>
    public static void Gradient(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> terms, ArrayView<float> dx,
        int relu, int accumulate, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> norm = Quad.View(lanes);
            ArrayView<Quad> means = Quad.View(terms);
            int c = i % pitchQuads;
            Quad factor = norm[c + pitchQuads];
            Quad centered = Quad.Subtract(Quad.View(x)[i], norm[c]);
            Quad g = Gated(centered, factor, norm[c + (2 * pitchQuads)], Quad.View(dy)[i], relu);
            Quad through = Quad.Add(means[c], Quad.Multiply(centered, means[c + pitchQuads]));
            Quad.Put(Quad.View(dx), i, Quad.Multiply(factor, Quad.Subtract(g, through)), accumulate);
        }
    }

    /// <summary>(a - b)^2.</summary>
    private static Quad Square(Quad a, Quad b)
    {
        Quad d = Quad.Subtract(a, b);
        return Quad.Multiply(d, d);
    }

    /// <summary>The gradient where the forward pass let the value through.</summary>
    private static Quad Gated(Quad centered, Quad factor, Quad bias, Quad gradient, int relu) => relu != 0
        ? Quad.Gate(Quad.Add(Quad.Multiply(centered, factor), bias), gradient)
        : gradient;

    private static void WriteLanes(
        ArrayView<float> scale, ArrayView<float> bias, ArrayView<float> saved, ArrayView<float> lanes, int c,
        int channels, int pitch, double mean, double variance)
    {
        bool used = c < channels;
        float inverse = used ? (float)(1 / Math.Sqrt(variance)) : 0;
        lanes[c] = used ? (float)mean : 0;
        lanes[pitch + c] = used ? scale[c] * inverse : 0;
        lanes[(2 * pitch) + c] = used ? bias[c] : 0;
        lanes[(3 * pitch) + c] = inverse;
        if (used)
        {
            saved[c] = (float)mean;
            saved[channels + c] = inverse;
        }
    }
}
