using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// 2x2 maximum pooling and doubling, forward and backward. Math: the gradient of a maximum goes to the first of the
/// window in row order; nearest: each pixel 2x2; linear with half-pixel centres: each output is 3/4 of the near and 1/4
/// of the far input along each axis, edges clamped, so an input's gradient is (1/4, 3/4, 3/4, 1/4) of four outputs, the
/// outer ones clamped; aligned: output i of 2n lies at i (n - 1) / (2n - 1). Layout: tensors by quads; height and width are the smaller tensor's. Launch: one thread per
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

    /// <summary>Linear from corner to corner.</summary>
    public static void UpsampleAligned(
        ArrayView<float> x, ArrayView<float> y, int height, int width, int pitchQuads, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            ArrayView<Quad> source = Quad.View(x);
            int c = i % pitchQuads;
            int column = i / pitchQuads % (2 * width) * (width - 1);
            int row = i / (pitchQuads * 2 * width) % (2 * height) * (height - 1);
            int first = i / (pitchQuads * 4 * width * height) * height * width;
            int top = row / ((2 * height) - 1);
            int left = column / ((2 * width) - 1);
            int right = Clamp(left + 1, width);
            int near = first + (top * width);
            int far = first + (Clamp(top + 1, height) * width);
            float down = row % ((2 * height) - 1) / (float)((2 * height) - 1);
            float across = column % ((2 * width) - 1) / (float)((2 * width) - 1);
            Quad nearRow = Quad.AddScaled(
                Quad.Scale(source[((near + left) * pitchQuads) + c], 1 - across), across, source[((near + right) * pitchQuads) + c]);
            Quad farRow = Quad.AddScaled(
                Quad.Scale(source[((far + left) * pitchQuads) + c], 1 - across), across, source[((far + right) * pitchQuads) + c]);
            Quad.View(y)[i] = Quad.AddScaled(Quad.Scale(nearRow, 1 - down), down, farRow);
        }
    }

    /// <summary>The transpose of UpsampleAligned.</summary>
    public static void UpsampleAlignedBackward(
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
            for (int k = -1; k < 3; k++)
            {
                int large = (2 * row) + k;
                int from = (first + Clamp(large, 2 * height)) * 2 * width;
                Quad line = Quad.All(0);
                for (int l = -1; l < 3; l++)
                {
                    int at = (2 * column) + l;
                    line = Quad.AddScaled(
                        line, AlignedWeight(at, column, width), source[((from + Clamp(at, 2 * width)) * pitchQuads) + c]);
                }

                sum = Quad.AddScaled(sum, AlignedWeight(large, row, height), line);
            }

            Quad.Put(Quad.View(dx), i, sum, accumulate);
        }
    }

    /// <summary>How much of a small pixel is in a large one; 0 beyond the edges.</summary>
    private static float AlignedWeight(int large, int small, int size)
    {
        int scale = (2 * size) - 1;
        int apart = (large * (size - 1)) - (small * scale);
        int distance = apart < 0 ? -apart : apart;
        return large < 0 || large > scale || distance >= scale ? 0 : 1 - (distance / (float)scale);
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
