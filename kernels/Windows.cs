using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// What sees a window of a map around each output (<see cref="WindowShape"/>): windows as channels and back, convolutions of
/// each channel with a kernel of its own, maxima of any windows. Math: in each kernel's line; the gradient of a maximum goes
/// to the first of its window in row order. Layout: tensors [pixels][pitch], the map's "wide", the outputs' "narrow"; an
/// unfolded tensor has taps channels for each of the map's; depthwise weights [C][taps]. Launch: one thread per value,
/// groups of 256; ProductSums: as Channels.PlaneSums.
/// </summary>
public static class Windows
{
    /// <summary>u = what each tap of each window sees, 0 beyond the map; count: values of u, padding included.</summary>
    public static void Unfold(
        ArrayView<float> x, ArrayView<float> u, WindowShape window, int channels, int pitch, int uPitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int channel = i % uPitch;
            int c = channel / window.Taps;
            int seen = c < channels ? window.Seen(i / uPitch, channel % window.Taps) : -1;
            u[i] = seen < 0 ? 0 : x[(seen * pitch) + c];
        }
    }

    /// <summary>x = bias[c] + the sum of what all windows hold of a pixel; count: values of x, padding included.</summary>
    public static void Fold(
        ArrayView<float> u, ArrayView<float> bias, ArrayView<float> x, WindowShape window, int hasBias, int accumulate,
        int channels, int pitch, int uPitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            float sum = 0;
            if (c < channels)
            {
                sum = hasBias != 0 ? bias[c] : 0;
                for (int tap = 0; tap < window.Taps; tap++)
                {
                    int output = window.SeenBy(i / pitch, tap);
                    if (output >= 0)
                    {
                        sum += u[(output * uPitch) + (c * window.Taps) + tap];
                    }
                }
            }

            x[i] = accumulate != 0 ? x[i] + sum : sum;
        }
    }

    /// <summary>y = bias[c] + each channel convolved with its own kernel; count: values of y, padding included.</summary>
    public static void Depthwise(
        ArrayView<float> x, ArrayView<float> weight, ArrayView<float> bias, ArrayView<float> y, WindowShape window,
        int hasBias, int channels, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            float sum = 0;
            if (c < channels)
            {
                sum = hasBias != 0 ? bias[c] : 0;
                for (int tap = 0; tap < window.Taps; tap++)
                {
                    int seen = window.Seen(i / pitch, tap);
                    if (seen >= 0)
                    {
                        sum += x[(seen * pitch) + c] * weight[(c * window.Taps) + tap];
                    }
                }
            }

            y[i] = sum;
        }
    }

    /// <summary>dx of <see cref="Depthwise"/>; count: values of dx, padding included.</summary>
    public static void DepthwiseBackward(
        ArrayView<float> weight, ArrayView<float> dy, ArrayView<float> dx, WindowShape window, int accumulate, int channels,
        int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            float sum = 0;
            if (c < channels)
            {
                for (int tap = 0; tap < window.Taps; tap++)
                {
                    int output = window.SeenBy(i / pitch, tap);
                    if (output >= 0)
                    {
                        sum += dy[(output * pitch) + c] * weight[(c * window.Taps) + tap];
                    }
                }
            }

            dx[i] = accumulate != 0 ? dx[i] + sum : sum;
        }
    }

    /// <summary>y = maximum of each window; count: values of y, padding included.</summary>
    public static void MaxPool(ArrayView<float> x, ArrayView<float> y, WindowShape window, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int best = First(x, window, i / pitch, i % pitch, pitch);
            y[i] = x[(window.Seen(i / pitch, best) * pitch) + (i % pitch)];
        }
    }

    /// <summary>dx = the sum of dy of all windows whose first maximum it is; count: values of dx, padding included.</summary>
    public static void MaxPoolBackward(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, WindowShape window, int accumulate, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            float sum = 0;
            for (int tap = 0; tap < window.Taps; tap++)
            {
                int output = window.SeenBy(i / pitch, tap);
                if (output >= 0 && First(x, window, output, i % pitch, pitch) == tap)
                {
                    sum += dy[(output * pitch) + (i % pitch)];
                }
            }

            dx[i] = accumulate != 0 ? dx[i] + sum : sum;
        }
    }

    /// <summary>
    /// Sums of min(x, most) dy over chunks of pixels: for each sample (bySample), or over all of them for each tap. pixels:
    /// of dy that a sum takes in all.
    /// </summary>
    public static void ProductSums(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> partial, WindowShape window, float most, int bySample,
        int pixels, int pitch)
    {
        ArrayView<Quad> scratch = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<Quad> source = Quad.View(x);
        ArrayView<Quad> gradient = Quad.View(dy);
        int pitchQuads = pitch / 4;
        int quad = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int each = (pixels + Grid.DimY - 1) / Grid.DimY;
        int start = Grid.IdxY * each;
        int end = start + each < pixels ? start + each : pixels;
        int tap = bySample != 0 ? 0 : Grid.IdxZ;
        int first = bySample != 0 ? Grid.IdxZ * pixels : 0;
        Quad sum = Quad.All(0);
        if (quad < pitchQuads)
        {
            for (int p = start + Group.IdxY; p < end; p += Group.DimY)
            {
                int seen = window.Seen(first + p, tap);
                if (seen >= 0)
                {
                    Quad value = Quad.Least(source[(seen * pitchQuads) + quad], most);
                    sum = Quad.Add(sum, Quad.Multiply(value, gradient[((first + p) * pitchQuads) + quad]));
                }
            }
        }

        scratch[(Group.IdxY * Group.DimX) + Group.IdxX] = sum;
        Reduction.SumOverY(scratch);
        if (Group.IdxY == 0 && quad < pitchQuads)
        {
            Quad.View(partial)[(((Grid.IdxZ * Grid.DimY) + Grid.IdxY) * pitchQuads) + quad] = scratch[Group.IdxX];
        }
    }

    /// <summary>target[c][tap] = the sum of ProductSums' chunks; where target has one value, of all channels.</summary>
    public static void FinishProductSums(
        ArrayView<float> partial, ArrayView<float> target, int taps, int chunks, int pitch, int channels, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i / taps;
            int end = count == 1 ? channels : c + 1;
            float sum = 0;
            for (; c < end; c++)
            {
                for (int chunk = 0; chunk < chunks; chunk++)
                {
                    sum += partial[(((i % taps * chunks) + chunk) * pitch) + c];
                }
            }

            target[i] = sum;
        }
    }

    /// <summary>The first tap that sees the maximum of a window.</summary>
    private static int First(ArrayView<float> x, WindowShape window, int output, int c, int pitch)
    {
        int best = -1;
        float most = 0;
        for (int tap = 0; tap < window.Taps; tap++)
        {
            int seen = window.Seen(output, tap);
            if (seen >= 0)
            {
                float value = x[(seen * pitch) + c];
                if (best < 0 || value > most)
                {
                    best = tap;
                    most = value;
                }
            }
        }

        return best;
    }
}
