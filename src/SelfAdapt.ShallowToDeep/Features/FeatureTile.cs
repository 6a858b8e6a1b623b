using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>
/// The features of one part of an image, and the memory to compute them in: what surrounds the part within a filter's
/// reach is read from the image, so that parts of any cut have the values of the whole.
/// </summary>
internal sealed class FeatureTile
{
    /// <summary>Side of a part, px: all its columns and scratch take some 20 MB.</summary>
    public const int Side = 192;

    private readonly FeatureSet _set;
    private readonly Scale[] _scales;
    private readonly float[] _padded;
    private readonly float[][] _vertical = new float[3][];
    private readonly float[][] _planes = new float[5][];
    private readonly float[] _product;

    public FeatureTile(FeatureSet set)
    {
        _set = set;
        _scales = [.. set.Filters.GroupBy(f => f.Sigma).Select(g => new Scale(g.Key, Places(set, g.Key)))];
        Values = new float[set.Columns * Side * Side];
        int inner = Side + (2 * _scales.Max(s => s.OuterRadius));
        int padded = inner + (2 * _scales.Max(s => s.Kernels[0].Radius));
        _padded = new float[padded * Stride(padded)];
        _product = new float[inner * Stride(inner)];
        for (int i = 0; i < _vertical.Length; i++)
        {
            _vertical[i] = new float[inner * Stride(padded)];
        }

        for (int i = 0; i < _planes.Length; i++)
        {
            _planes[i] = new float[inner * Stride(inner)];
        }
    }

    /// <summary>Bytes that one takes, for the sum of what runs at once.</summary>
    public static long BytesFor(FeatureSet set) => (long)sizeof(float) * (
        (set.Columns * Side * Side) + (10L * (Side + (2 * set.Reach)) * Stride(Side + (2 * set.Reach))));

    /// <summary>[columns, rows of the part, columns of the part], once computed.</summary>
    public float[] Values { get; }

    public int Height { get; private set; }

    public int Width { get; private set; }

    /// <param name="image">[height, width], scaled.</param>
    /// <param name="rows">Rows of the part, at most <see cref="Side"/>.</param>
    public void Compute(float[] image, int height, int width, int top, int left, int rows, int columns)
    {
        (Height, Width) = (rows, columns);
        foreach (Scale scale in _scales)
        {
            Compute(scale, new Source(image, height, width), top, left);
        }
    }

    private void Compute(Scale scale, Source image, int top, int left)
    {
        // Gradients are needed a bit beyond the part, but not beyond the image: there the products are mirrored.
        (int outer, int radius) = (scale.OuterRadius, scale.Kernels[0].Radius);
        int y0 = Math.Max(0, top - outer);
        int x0 = Math.Max(0, left - outer);
        int h = Math.Min(image.Height, top + Height + outer) - y0;
        int w = Math.Min(image.Width, left + Width + outer) - x0;
        (int ph, int pw) = (h + (2 * radius), w + (2 * radius));
        Gather(image, y0 - radius, x0 - radius, ph, pw, _padded);
        for (int order = 0; order < (scale.NeedsDerivatives ? 3 : 1); order++)
        {
            Vertical(_padded, scale.Kernels[order], h, pw, _vertical[order]);
        }

        (int dy, int dx) = (top - y0, left - x0);
        Span<float> smooth = _planes[0];
        Horizontal(_vertical[0], pw, scale.Kernels[0], h, w, smooth);
        Emit(scale, PixelFilter.Gaussian, w, dy, dx, _planes[0]);
        if (!scale.NeedsDerivatives)
        {
            return;
        }

        // d/dx and d/dy in planes 0 and 1, second derivatives xx, xy, yy in planes 2 to 4.
        Horizontal(_vertical[0], pw, scale.Kernels[1], h, w, _planes[0]);
        Horizontal(_vertical[1], pw, scale.Kernels[0], h, w, _planes[1]);
        Horizontal(_vertical[0], pw, scale.Kernels[2], h, w, _planes[2]);
        Horizontal(_vertical[1], pw, scale.Kernels[1], h, w, _planes[3]);
        Horizontal(_vertical[2], pw, scale.Kernels[0], h, w, _planes[4]);
        if (scale.Column(PixelFilter.GradientMagnitude) is { } magnitude)
        {
            ForEachRow(w, dy, dx, magnitude, (at, to) =>
                Combine.Magnitude(_planes[0].AsSpan(at, Width), _planes[1].AsSpan(at, Width), Values.AsSpan(to)));
        }

        if (scale.Column(PixelFilter.Laplacian) is { } laplacian)
        {
            ForEachRow(w, dy, dx, laplacian, (at, to) =>
                Combine.Sum(_planes[2].AsSpan(at, Width), _planes[4].AsSpan(at, Width), Values.AsSpan(to)));
        }

        if (scale.Column(PixelFilter.HessianEigenvalues) is { } hessian)
        {
            Eigenvalues(2, 3, 4, w, dy, dx, hessian);
        }

        if (scale.Column(PixelFilter.StructureTensorEigenvalues) is { } tensor)
        {
            Smoothed(0, 0, 2);
            Smoothed(0, 1, 3);
            Smoothed(1, 1, 4);
            Eigenvalues(2, 3, 4, Width, 0, 0, tensor);
        }

        void Smoothed(int a, int b, int to)
        {
            int n = h * Stride(w);
            Combine.Product(_planes[a].AsSpan(0, n), _planes[b].AsSpan(0, n), _product);
            int opw = Width + (2 * outer);
            Gather(
                new Source(_product, image.Height, image.Width, y0, x0, Stride(w)), top - outer, left - outer,
                Height + (2 * outer), opw, _padded);
            Vertical(_padded, scale.Outer, Height, opw, _vertical[0]);
            Horizontal(_vertical[0], opw, scale.Outer, Height, Width, _planes[to]);
        }
    }

    private void Emit(Scale scale, PixelFilter filter, int width, int dy, int dx, float[] plane)
    {
        if (scale.Column(filter) is { } column)
        {
            ForEachRow(width, dy, dx, column, (at, to) => plane.AsSpan(at, Width).CopyTo(Values.AsSpan(to)));
        }
    }

    private void Eigenvalues(int xx, int xy, int yy, int width, int dy, int dx, int column)
    {
        int other = Height * Width;
        ForEachRow(width, dy, dx, column, (at, to) => Combine.Eigenvalues(
            _planes[xx].AsSpan(at, Width), _planes[xy].AsSpan(at, Width), _planes[yy].AsSpan(at, Width),
            Values.AsSpan(to), Values.AsSpan(to + other)));
    }

    private void ForEachRow(int width, int dy, int dx, int column, Action<int, int> row)
    {
        for (int y = 0; y < Height; y++)
        {
            row(((y + dy) * Stride(width)) + dx, (column * Height * Width) + (y * Width));
        }
    }

    /// <summary>Copies a part of a plane, mirrored beyond its edges.</summary>
    private static void Gather(in Source source, int top, int left, int height, int width, float[] target)
    {
        int stride = Stride(width);
        int inside = Math.Max(0, -left);
        int end = Math.Min(width, source.Width - left);
        for (int y = 0; y < height; y++)
        {
            int from = (Fold(top + y, source.Height) - source.Top) * source.Stride;
            Span<float> row = target.AsSpan(y * stride, width);
            source.Values.AsSpan(from + left + inside - source.Left, end - inside).CopyTo(row[inside..]);
            for (int x = 0; x < inside; x++)
            {
                row[x] = source.Values[from + Fold(left + x, source.Width) - source.Left];
            }

            for (int x = end; x < width; x++)
            {
                row[x] = source.Values[from + Fold(left + x, source.Width) - source.Left];
            }
        }
    }

    /// <summary>The pixel that stands for one beyond the edge; the edge pixel comes twice, as scipy's "reflect" has it.</summary>
    private static int Fold(int i, int length)
    {
        int period = 2 * length;
        int folded = ((i % period) + period) % period;
        return folded < length ? folded : period - 1 - folded;
    }

    private static void Vertical(float[] source, GaussianKernel kernel, int height, int width, float[] target)
    {
        int stride = Stride(width);
        for (int y = 0; y < height; y++)
        {
            Convolve(source, (y + kernel.Radius) * stride, stride, kernel, width, target.AsSpan(y * stride, stride));
        }
    }

    private static void Horizontal(
        float[] source, int sourceWidth, GaussianKernel kernel, int height, int width, Span<float> target)
    {
        (int from, int to) = (Stride(sourceWidth), Stride(width));
        for (int y = 0; y < height; y++)
        {
            Convolve(source, (y * from) + kernel.Radius, 1, kernel, width, target.Slice(y * to, to));
        }
    }

    /// <summary>
    /// A row of sums over taps that lie <paramref name="step"/> apart. Every value is the same chain of operations
    /// whatever the width of a vector.
    /// </summary>
    private static void Convolve(
        float[] source, int center, int step, GaussianKernel kernel, int width, Span<float> target)
    {
        int lanes = Vector<float>.Count;
        ref float at = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(source), center);
        ref float to = ref MemoryMarshal.GetReference(target);
        float[] taps = kernel.Taps;
        int x = 0;

        // Rows end in slack of two vectors: the last ones write into it.
        for (; x < width; x += 2 * lanes)
        {
            Vector<float> a = default;
            Vector<float> b = default;
            if (!kernel.Odd)
            {
                Vector<float> middle = new(taps[0]);
                a = Vector.LoadUnsafe(ref Unsafe.Add(ref at, x)) * middle;
                b = Vector.LoadUnsafe(ref Unsafe.Add(ref at, x + lanes)) * middle;
            }

            for (int k = 1; k < taps.Length; k++)
            {
                Vector<float> tap = new(taps[k]);
                ref float right = ref Unsafe.Add(ref at, x + (k * step));
                ref float left = ref Unsafe.Add(ref at, x - (k * step));
                Vector<float> r0 = Vector.LoadUnsafe(ref right);
                Vector<float> r1 = Vector.LoadUnsafe(ref Unsafe.Add(ref right, lanes));
                Vector<float> l0 = Vector.LoadUnsafe(ref left);
                Vector<float> l1 = Vector.LoadUnsafe(ref Unsafe.Add(ref left, lanes));
                a = Vector.FusedMultiplyAdd(kernel.Odd ? r0 - l0 : r0 + l0, tap, a);
                b = Vector.FusedMultiplyAdd(kernel.Odd ? r1 - l1 : r1 + l1, tap, b);
            }

            a.StoreUnsafe(ref Unsafe.Add(ref to, x));
            b.StoreUnsafe(ref Unsafe.Add(ref to, x + lanes));
        }
    }

    /// <summary>Floats from one row to the next: whole pairs of the widest vectors, and slack for reads beyond a row.</summary>
    private static int Stride(int width) => ((width + 31) / 32 * 32) + 32;

    private static Dictionary<PixelFilter, int> Places(FeatureSet set, double sigma)
    {
        Dictionary<PixelFilter, int> places = [];
        int column = 0;
        foreach ((PixelFilter filter, double scale) in set.Filters)
        {
            if (scale == sigma)
            {
                places[filter] = column;
            }

            column += FeatureSet.ColumnsOf(filter);
        }

        return places;
    }

    /// <summary>A plane, or a part of one: where it begins and how far its rows are apart.</summary>
    private readonly record struct Source(float[] Values, int Height, int Width, int Top, int Left, int Stride)
    {
        public Source(float[] values, int height, int width)
            : this(values, height, width, 0, 0, width)
        {
        }
    }

    /// <summary>One sigma's kernels, and where its filters' columns begin.</summary>
    private sealed class Scale(double sigma, Dictionary<PixelFilter, int> columns)
    {
        public GaussianKernel[] Kernels { get; } = [.. Enumerable.Range(0, 3).Select(o => GaussianKernel.Create(sigma, o))];

        public GaussianKernel Outer { get; } = GaussianKernel.Create(FeatureSet.OuterScale * sigma, 0);

        public bool NeedsDerivatives => columns.Keys.Any(f => f != PixelFilter.Gaussian);

        public int OuterRadius => Column(PixelFilter.StructureTensorEigenvalues) is null ? 0 : Outer.Radius;

        public int? Column(PixelFilter filter) => columns.TryGetValue(filter, out int column) ? column : null;
    }
}
