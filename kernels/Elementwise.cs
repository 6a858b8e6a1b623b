using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Value by value, memory-bound throughout. Math: in each kernel's line. Layout: vectors plain; tensors as quads,
/// whatever their shape, padding included (what it holds is never used). Launch: one thread per value (vectors) or per
/// quad (tensors), groups of 256, grid x = values or quads / 256, rounded up.
/// </summary>
public static class Elementwise
{
    /// <summary>t[i] = value, on a vector.</summary>
    public static void Fill(ArrayView<float> target, float value, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            target[i] = value;
        }
    }

    /// <summary>t[i] += share * (s[i] - t[i]), on vectors.</summary>
    public static void MoveTowards(ArrayView<float> target, ArrayView<float> source, float share, int count)
    {
        int i = Place.Index();
        if (i < count)
        {
            target[i] += share * (source[i] - target[i]);
        }
    }

    /// <summary>t = s, or t += s.</summary>
    public static void Copy(ArrayView<float> source, ArrayView<float> target, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.Put(Quad.View(target), i, Quad.View(source)[i], accumulate);
        }
    }

    /// <summary>y = a + b.</summary>
    public static void Add(ArrayView<float> a, ArrayView<float> b, ArrayView<float> y, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.View(y)[i] = Quad.Add(Quad.View(a)[i], Quad.View(b)[i]);
        }
    }

    /// <summary>y = a b, or added.</summary>
    public static void Multiply(ArrayView<float> a, ArrayView<float> b, ArrayView<float> y, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.Put(Quad.View(y), i, Quad.Multiply(Quad.View(a)[i], Quad.View(b)[i]), accumulate);
        }
    }

    /// <summary>y = max(x, 0).</summary>
    public static void Relu(ArrayView<float> x, ArrayView<float> y, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.View(y)[i] = Quad.Relu(Quad.View(x)[i]);
        }
    }

    /// <summary>dx = dy where y &gt; 0, else 0; or added.</summary>
    public static void ReluBackward(
        ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int accumulate, int quads)
    {
        int i = Place.Index();
        if (i < quads)
        {
            Quad.Put(Quad.View(dx), i, Quad.Gate(Quad.View(y)[i], Quad.View(dy)[i]), accumulate);
        }
    }
}
