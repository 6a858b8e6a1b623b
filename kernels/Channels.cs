using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// What goes by channel: terms per sample and channel, sums over pixels, runs of channels (Concat). Math: in each
/// kernel's line. Layout: tensors [pixels][pitch]; partial [N][chunks][pitch]. Launch: one thread per quad or value,
/// groups of 256; PlaneSums: group (quads, rows), grid (quads, chunks, N): a group adds its chunk of a sample's pixels,
/// thread (x, y) every DimY-th, then a tree over y.
/// </summary>
public static class Channels
{
    /// <summary>y[n,h,w,c] = x[n,h,w,c] + s[n,c].</summary>
    public static void AddPerChannel(
        ArrayView<float> x, ArrayView<float> s, ArrayView<float> y, int plane, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            int own = (i / pitchQuads / plane * pitchQuads) + (i % pitchQuads);
            Quad.View(y)[i] = Quad.Add(Quad.View(x)[i], Quad.View(s)[own]);
        }
    }

    /// <summary>y[n,h,w,c] = s[n,c] x[n,h,w,c].</summary>
    public static void MultiplyPerChannel(
        ArrayView<float> x, ArrayView<float> s, ArrayView<float> y, int plane, int pitchQuads, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            int own = (i / pitchQuads / plane * pitchQuads) + (i % pitchQuads);
            Quad.Put(Quad.View(y), i, Quad.Multiply(Quad.View(x)[i], Quad.View(s)[own]), accumulate);
        }
    }

    /// <summary>target = g where x is above 0, else slope[c] g; forward g is x. One slope for all where slopes is 1.</summary>
    public static void PRelu(
        ArrayView<float> x, ArrayView<float> g, ArrayView<float> slope, ArrayView<float> target, int slopes, int pitch,
        int accumulate, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            float value = 0;
            if (slopes == 1 || c < slopes)
            {
                value = x[i] > 0 ? g[i] : g[i] * slope[slopes == 1 ? 0 : c];
            }

            target[i] = accumulate != 0 ? target[i] + value : value;
        }
    }

    /// <summary>A tensor into channels channel .. of a wider one, or added.</summary>
    public static void CopyTo(
        ArrayView<float> x, ArrayView<float> y, int channels, int xPitch, int yPitch, int channel, int accumulate, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int pixel = i / channels;
            int c = i % channels;
            int at = (pixel * yPitch) + channel + c;
            float value = x[(pixel * xPitch) + c];
            y[at] = accumulate != 0 ? y[at] + value : value;
        }
    }

    /// <summary>Channels channel .. of a wider tensor into a narrow one.</summary>
    public static void CopyFrom(
        ArrayView<float> dy, ArrayView<float> dx, int channels, int dyPitch, int dxPitch, int channel, int accumulate,
        int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int pixel = i / channels;
            int c = i % channels;
            float value = dy[(pixel * dyPitch) + channel + c];
            int at = (pixel * dxPitch) + c;
            dx[at] = accumulate != 0 ? dx[at] + value : value;
        }
    }

    /// <summary>dx[n,h,w,c] = scale * dy[n,c].</summary>
    public static void SpreadMean(
        ArrayView<float> dy, ArrayView<float> dx, float scale, int plane, int pitchQuads, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            int own = (i / pitchQuads / plane * pitchQuads) + (i % pitchQuads);
            Quad.Put(Quad.View(dx), i, Quad.Scale(Quad.View(dy)[own], scale), accumulate);
        }
    }

    /// <summary>Sums over a chunk of a sample's pixels.</summary>
    public static void PlaneSums(ArrayView<float> x, ArrayView<float> partial, int plane, int pitch)
    {
        ArrayView<Quad> scratch = Quad.View(SharedMemory.Allocate<float>(4 * Reduction.MaxThreads));
        ArrayView<Quad> source = Quad.View(x);
        int pitchQuads = pitch / 4;
        int quad = (Grid.IdxX * Group.DimX) + Group.IdxX;
        int each = (plane + Grid.DimY - 1) / Grid.DimY;
        int start = Grid.IdxY * each;
        int end = start + each < plane ? start + each : plane;
        Quad sum = Quad.All(0);
        if (quad < pitchQuads)
        {
            for (int p = start + Group.IdxY; p < end; p += Group.DimY)
            {
                sum = Quad.Add(sum, source[(((Grid.IdxZ * plane) + p) * pitchQuads) + quad]);
            }
        }

        scratch[(Group.IdxY * Group.DimX) + Group.IdxX] = sum;
        Reduction.SumOverY(scratch);
        if (Group.IdxY == 0 && quad < pitchQuads)
        {
            Quad.View(partial)[(((Grid.IdxZ * Grid.DimY) + Grid.IdxY) * pitchQuads) + quad] = scratch[Group.IdxX];
        }
    }

    /// <summary>target[n,c] = scale * the sum of PlaneSums' chunks.</summary>
    public static void FinishPlaneSums(
        ArrayView<float> partial, ArrayView<float> target, float scale, int accumulate, int chunks, int pitch,
        int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int first = (i / pitch * chunks * pitch) + (i % pitch);
            float sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                sum += partial[first + (chunk * pitch)];
            }

            target[i] = accumulate != 0 ? target[i] + (scale * sum) : scale * sum;
        }
    }
}
