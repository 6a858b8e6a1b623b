using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace SelfAdapt.Kernels;

/// <summary>
/// Four neighbouring channels of a pixel: what a thread reads and writes at once (16 bytes, one vector instruction).
/// All operations take and give values, so that the compiler keeps the parts in registers.
/// </summary>
internal struct Quad
{
    public float X;

    public float Y;

    public float Z;

    public float W;

    /// <summary>Makes one of four numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Of(float x, float y, float z, float w)
    {
        Quad q;
        q.X = x;
        q.Y = y;
        q.Z = z;
        q.W = w;
        return q;
    }

    /// <summary>Makes one of a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad All(float value) => Of(value, value, value, value);

    /// <summary>A view of floats as quads; it starts at a multiple of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ArrayView<Quad> View(ArrayView<float> values) => values.AsAligned(16).Cast<Quad>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Add(Quad a, Quad b) => Of(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Subtract(Quad a, Quad b) => Of(a.X - b.X, a.Y - b.Y, a.Z - b.Z, a.W - b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Multiply(Quad a, Quad b) => Of(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Scale(Quad a, float s) => Of(a.X * s, a.Y * s, a.Z * s, a.W * s);

    /// <summary>sum + (s * b): a row of an outer product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad AddScaled(Quad sum, float s, Quad b) =>
        Of(sum.X + (s * b.X), sum.Y + (s * b.Y), sum.Z + (s * b.Z), sum.W + (s * b.W));

    /// <summary>min(a, most).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Least(Quad a, float most) => Of(
        a.X > most ? most : a.X, a.Y > most ? most : a.Y, a.Z > most ? most : a.Z, a.W > most ? most : a.W);

    /// <summary>max(a, 0); a NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Relu(Quad a) => Of(
        Functions.Relu(a.X), Functions.Relu(a.Y), Functions.Relu(a.Z), Functions.Relu(a.W));

    /// <summary>g where y &gt; 0, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad Gate(Quad y, Quad g) => Of(
        y.X > 0 ? g.X : 0, y.Y > 0 ? g.Y : 0, y.Z > 0 ? g.Z : 0, y.W > 0 ? g.W : 0);

    /// <summary>target[i] = value, or += value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(ArrayView<Quad> target, int i, Quad value, int accumulate) =>
        target[i] = accumulate != 0 ? Add(target[i], value) : value;
}
