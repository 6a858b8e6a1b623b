using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// 2x2 maximum pooling and doubling, forward and backward. Math: the gradient of a maximum goes to the first of the
/// window in row order; nearest: each pixel 2x2; linear with half-pixel centres: each output is 3/4 of the near and 1/4
/// of the far input along each axis, edges clamped, so an input's gradient is (1/4, 3/4, 3/4, 1/4) of four outputs, the
/// outer ones clamped. Layout: tensors by quads; height and width are the smaller tensor's. Launch: one thread per
/// quad, groups of 256.
/// </summary>
public static class Resampling
{
    /// <summary>y = maximum of each 2x2 window.</summary>
    public static void MaxPool(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(x);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad best = Larger(source[corner], source[corner + pitchQuads]);
            best = Larger(best, source[below]);
            Quad.View(y)[i] = Larger(best, source[below + pitchQuads]);
        }
    }

    /// <summary>The mean of each 2x2 window.</summary>
    public static void AveragePool(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(x);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad upper = Quad.Add(source[corner], source[corner + pitchQuads]);
            Quad lower = Quad.Add(source[below], source[below + pitchQuads]);
            Quad.View(y)[i] = Quad.Scale(Quad.Add(upper, lower), 0.25f);
        }
    }

    /// <summary>dx = a quarter of its window's dy.</summary>
    public static void AveragePoolBackward(
        ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> target = Quad.View(dx);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad share = Quad.Scale(Quad.View(dy)[i], 0.25f);
            Quad.Put(target, corner, share, accumulate);
            Quad.Put(target, corner + pitchQuads, share, accumulate);
            Quad.Put(target, below, share, accumulate);
            Quad.Put(target, below + pitchQuads, share, accumulate);
        }
    }

    /// <summary>The first pixel of each 2x2 window.</summary>
    public static void Subsample(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.View(y)[i] = Quad.View(x)[Corner(i, height, width, pitchQuads)];
        }
    }

    /// <summary>dx = dy at each window's first pixel, 0 elsewhere.</summary>
    public static void SubsampleBackward(
        ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> target = Quad.View(dx);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad.Put(target, corner, Quad.View(dy)[i], accumulate);
            Quad.Put(target, corner + pitchQuads, Quad.All(0), accumulate);
            Quad.Put(target, below, Quad.All(0), accumulate);
            Quad.Put(target, below + pitchQuads, Quad.All(0), accumulate);
        }
    }

    /// <summary>dx = dy at each window's first maximum, 0 elsewhere.</summary>
    public static void MaxPoolBackward(
        ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width,
        int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(x);
            ArrayView<Quad> target = Quad.View(dx);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad a = source[corner];
            Quad b = source[corner + pitchQuads];
            Quad c = source[below];
            Quad d = source[below + pitchQuads];
            Quad ab = Larger(a, b);
            Quad abc = Larger(ab, c);
            Quad g = Quad.View(dy)[i];
            Quad beforeD = Stopped(abc, d, g);
            Quad beforeC = Stopped(ab, c, beforeD);
            Quad.Put(target, corner, Stopped(a, b, beforeC), accumulate);
            Quad.Put(target, corner + pitchQuads, Passed(a, b, beforeC), accumulate);
            Quad.Put(target, below, Passed(ab, c, beforeD), accumulate);
            Quad.Put(target, below + pitchQuads, Passed(abc, d, g), accumulate);
        }
    }

    /// <summary>Each pixel 2x2.</summary>
    public static void UpsampleNearest(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            int c = i % pitchQuads;
            int column = i / pitchQuads % (2 * width);
            int row = i / (pitchQuads * 2 * width);
            Quad.View(y)[i] = Quad.View(x)[(((row / 2 * width) + (column / 2)) * pitchQuads) + c];
        }
    }

    /// <summary>dx = sum of the 2x2 outputs' gradients.</summary>
    public static void UpsampleNearestBackward(
        ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(dy);
            int corner = Corner(i, height, width, pitchQuads);
            int below = corner + (2 * width * pitchQuads);
            Quad above = Quad.Add(source[corner], source[corner + pitchQuads]);
            Quad sum = Quad.Add(above, Quad.Add(source[below], source[below + pitchQuads]));
            Quad.Put(Quad.View(dx), i, sum, accumulate);
        }
    }

    /// <summary>y[n,2h+a,2w+b,c] = x[n,h,w,4c+2a+b] + bias[c]; one thread per value of y.</summary>
    public static void DepthToSpace(
        ArrayView<float> x, ArrayView<float> bias, ArrayView<float> y, int hasBias, int height, int width, int channels,
        int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int c = i % pitch;
            int column = i / pitch % (2 * width);
            int row = i / (pitch * 2 * width);
            float value = 0;
            if (c < channels)
            {
                int pixel = (row / 2 * width) + (column / 2);
                value = x[(((pixel * channels) + c) * 4) + (2 * (row % 2)) + (column % 2)];
                if (hasBias != 0)
                {
                    value += bias[c];
                }
            }

            y[i] = value;
        }
    }

    /// <summary>dx[n,h,w,4c+2a+b] = dy[n,2h+a,2w+b,c]; one thread per value of dx.</summary>
    public static void DepthToSpaceBackward(
        ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width, int channels, int pitch, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            int channel = i % (4 * channels);
            int pixel = i / (4 * channels);
            int row = (2 * (pixel / width)) + (channel / 2 % 2);
            int column = (2 * (pixel % width)) + (channel % 2);
            float value = dy[(((row * 2 * width) + column) * pitch) + (channel / 4)];
            dx[i] = accumulate != 0 ? dx[i] + value : value;
        }
    }

    /// <summary>Linear between pixels.</summary>
    public static void UpsampleLinear(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(x);
            int c = i % pitchQuads;
            int column = i / pitchQuads % (2 * width);
            int row = i / (pitchQuads * 2 * width) % (2 * height);
            int first = i / (pitchQuads * 4 * width * height) * height * width;
            int near = first + (row / 2 * width);
            int far = first + (Far(row, height) * width);
            int left = column / 2;
            int right = Far(column, width);
            Quad nearRow = Mix(source[((near + left) * pitchQuads) + c], source[((near + right) * pitchQuads) + c]);
            Quad farRow = Mix(source[((far + left) * pitchQuads) + c], source[((far + right) * pitchQuads) + c]);
            Quad.View(y)[i] = Mix(nearRow, farRow);
        }
    }

    /// <summary>The transpose of UpsampleLinear.</summary>
    public static void UpsampleLinearBackward(
        ArrayView<float> dy, ArrayView<float> dx, int accumulate, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(dy);
            int c = i % pitchQuads;
            int column = i / pitchQuads % width;
            int row = i / (pitchQuads * width) % height;
            int first = i / (pitchQuads * width * height) * 2 * height;
            Quad sum = Quad.All(0);
            for (int k = 0; k < 4; k++)
            {
                int from = (first + Clamp((2 * row) - 1 + k, 2 * height)) * 2 * width;
                Quad outer = Quad.Add(
                    source[((from + Clamp((2 * column) - 1, 2 * width)) * pitchQuads) + c],
                    source[((from + Clamp((2 * column) + 2, 2 * width)) * pitchQuads) + c]);
                Quad inner = Quad.Add(
                    source[((from + (2 * column)) * pitchQuads) + c],
                    source[((from + (2 * column) + 1) * pitchQuads) + c]);
                sum = Quad.AddScaled(sum, k == 0 || k == 3 ? 0.25f : 0.75f, Mix(inner, outer));
            }

            Quad.Put(Quad.View(dx), i, sum, accumulate);
        }
    }

    /// <summary>The large tensor's upper left quad of a small tensor's.</summary>
    private static int Corner(int i, int height, int width, int pitchQuads)
    {
        int c = i % pitchQuads;
        int column = i / pitchQuads % width;
        int row = i / (pitchQuads * width);
        return (((row * 2 * 2 * width) + (2 * column)) * pitchQuads) + c;
    }

    /// <summary>b where it is larger, else a: the first of equals, and a NaN that comes first stays.</summary>
    private static Quad Larger(Quad a, Quad b) => Quad.Of(
        b.X > a.X ? b.X : a.X, b.Y > a.Y ? b.Y : a.Y, b.Z > a.Z ? b.Z : a.Z, b.W > a.W ? b.W : a.W);

    /// <summary>g where b is larger than a, else 0.</summary>
    private static Quad Passed(Quad a, Quad b, Quad g) => Quad.Of(
        b.X > a.X ? g.X : 0, b.Y > a.Y ? g.Y : 0, b.Z > a.Z ? g.Z : 0, b.W > a.W ? g.W : 0);

    /// <summary>0 where b is larger than a, else g.</summary>
    private static Quad Stopped(Quad a, Quad b, Quad g) => Quad.Of(
        b.X > a.X ? 0 : g.X, b.Y > a.Y ? 0 : g.Y, b.Z > a.Z ? 0 : g.Z, b.W > a.W ? 0 : g.W);

    private static Quad Mix(Quad near, Quad far) => Quad.AddScaled(Quad.Scale(near, 0.75f), 0.25f, far);

    private static int Far(int position, int size)
    {
        int far = (position / 2) + (position % 2 == 0 ? -1 : 1);
        return Clamp(far, size);
    }

    private static int Clamp(int index, int size) => index < 0 ? 0 : index < size ? index : size - 1;
}
