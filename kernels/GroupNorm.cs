using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Group normalisation of one sample, between BatchNorm's passes over memory: BatchNorm.Moments gives each channel's
/// statistics, FinishMoments joins those of a group, BatchNorm.Apply normalises; backward BatchNorm.GradientSums,
/// FinishGradient, Gradient: dx = scale f g - f mean(scale g) - f^3 (x - mean) mean(scale g (x - mean)), f = 1 /
/// sqrt(variance + eps), means over the group. Layout: lanes and partial as BatchNorm's, terms [2][pitch]. Launch:
/// Finish...: a group of threads per group of channels; Gradient one thread per quad.
/// </summary>
public static class GroupNorm
{
    /// <summary>Merges all chunks of a group's channels; lays out what normalises.</summary>
    public static void FinishMoments(
        ArrayView<float> partial, ArrayView<float> scale, ArrayView<float> bias, ArrayView<float> lanes, int channels,
        int pitch, int pixels, int chunks, float epsilon)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int each = channels / Grid.DimX;
        int first = Grid.IdxX * each;
        int items = each * chunks;
        int share = (pixels + chunks - 1) / chunks;
        double total = (double)each * pixels;
        double own = 0;
        for (int i = Group.IdxX; i < items; i += Group.DimX)
        {
            int c = first + (i % each);
            own += Count(i / each, share, pixels) * Mean(partial, i / each, c, pitch, chunks);
        }

        double mean = Reduction.Sum(own, scratch) / total;
        Group.Barrier();
        own = 0;
        for (int i = Group.IdxX; i < items; i += Group.DimX)
        {
            int c = first + (i % each);
            int chunk = i / each;
            double away = Mean(partial, chunk, c, pitch, chunks) - mean;
            own += partial[(((chunk * 2) + 1) * pitch) + c] + (Count(chunk, share, pixels) * away * away);
        }

        double variance = Reduction.Sum(own, scratch) / total;
        float inverse = (float)(1 / Math.Sqrt(variance + epsilon));
        int end = Grid.IdxX == Grid.DimX - 1 ? pitch : first + each;
        for (int c = first + Group.IdxX; c < end; c += Group.DimX)
        {
            bool used = c < channels;
            lanes[c] = used ? (float)mean : 0;
            lanes[pitch + c] = used ? scale[c] * inverse : 0;
            lanes[(2 * pitch) + c] = used ? bias[c] : 0;
            lanes[(3 * pitch) + c] = used ? inverse : 0;
        }
    }

    /// <summary>Gradients of scale and bias, written or added to, and what the inputs' gradient subtracts.</summary>
    public static void FinishGradient(
        ArrayView<float> partial, ArrayView<float> scale, ArrayView<float> lanes, ArrayView<float> dScale,
        ArrayView<float> dBias, ArrayView<float> terms, int channels, int pitch, int pixels, int chunks, int accumulate)
    {
        ArrayView<double> scratch = SharedMemory.Allocate<double>(Reduction.MaxThreads);
        int each = channels / Grid.DimX;
        int first = Grid.IdxX * each;
        double inverse = lanes[(3 * pitch) + first];
        double ownSum = 0;
        double ownDot = 0;
        for (int c = first + Group.IdxX; c < first + each; c += Group.DimX)
        {
            double sum = 0;
            double dot = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                sum += partial[(chunk * 2 * pitch) + c];
                dot += partial[(((chunk * 2) + 1) * pitch) + c];
            }

            ownSum += scale[c] * sum;
            ownDot += scale[c] * dot;
            float bias = (float)sum;
            float factor = (float)(dot * inverse);
            dBias[c] = accumulate != 0 ? dBias[c] + bias : bias;
            dScale[c] = accumulate != 0 ? dScale[c] + factor : factor;
        }

        double count = (double)each * pixels;
        double groupSum = Reduction.Sum(ownSum, scratch);
        Group.Barrier();
        double groupDot = Reduction.Sum(ownDot, scratch);
        int end = Grid.IdxX == Grid.DimX - 1 ? pitch : first + each;
        for (int c = first + Group.IdxX; c < end; c += Group.DimX)
        {
            terms[c] = c < channels ? (float)(inverse * groupSum / count) : 0;
            terms[pitch + c] = c < channels ? (float)(inverse * inverse * inverse * groupDot / count) : 0;
        }
    }

    /// <summary>The inputs' gradient.</summary>
    public static void Gradient(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> lanes, ArrayView<float> terms, ArrayView<float> dx,
        int accumulate, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> norm = Quad.View(lanes);
            ArrayView<Quad> means = Quad.View(terms);
            int c = i % pitchQuads;
            Quad centered = Quad.Subtract(Quad.View(x)[i], norm[c]);
            Quad through = Quad.Add(means[c], Quad.Multiply(centered, means[c + pitchQuads]));
            Quad scaled = Quad.Multiply(norm[c + pitchQuads], Quad.View(dy)[i]);
            Quad.Put(Quad.View(dx), i, Quad.Subtract(scaled, through), accumulate);
        }
    }

    /// <summary>A chunk's mean; BatchNorm.Moments gives it relative to the channel's first value.</summary>
    private static double Mean(ArrayView<float> partial, int chunk, int c, int pitch, int chunks) =>
        (double)partial[(chunk * 2 * pitch) + c] + partial[(2 * chunks * pitch) + c];

    /// <summary>Pixels of a chunk.</summary>
    private static double Count(int chunk, int share, int pixels)
    {
        int rest = pixels - (chunk * share);
        return rest < 0 ? 0 : rest < share ? rest : share;
    }
}
