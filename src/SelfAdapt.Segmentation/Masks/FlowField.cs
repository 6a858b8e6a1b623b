using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SelfAdapt.Segmentation.Masks;

/// <summary>
/// A flow field whose two components lie side by side, and one step along it: bilinear interpolation in double
/// precision, positions in single, as in Cellpose's CPU code (docs/cellpose.md 4.2). All forms of the step
/// give the same bits.
/// </summary>
internal readonly unsafe struct FlowField
{
    /// <summary>[height * width, 2]: row and column component, px per step; zeros behind it.</summary>
    public readonly float* Vectors;

    public readonly int Width;

    private readonly float _maxY;
    private readonly float _maxX;

    // A sum is rounded where the point is in the whole image. Both the addition of the part's place and its removal are
    // exact, so the place leaves no trace.
    private readonly float _top;
    private readonly float _left;

    /// <param name="origin">Row and column in the whole image where the field begins.</param>
    public FlowField(float* vectors, int height, int width, (int Top, int Left) origin)
    {
        Vectors = vectors;
        (Width, _maxY, _maxX) = (width, height - 1, width - 1);
        (_top, _left) = (origin.Top, origin.Left);
    }

    /// <summary>
    /// How many values a field has: a point in the last row or column reads its neighbours beyond, with weight 0.
    /// </summary>
    public static int Length(int height, int width) => checked(2 * (((height + 1) * width) + 1));

    /// <summary>Moves one point by one step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StepOne(ref float y, ref float x)
    {
        int y0 = (int)y;
        int x0 = (int)x;
        double down = y - y0;
        double right = x - x0;
        double up = 1 - down;
        double left = 1 - right;
        float* above = Vectors + (2 * (((long)y0 * Width) + x0));
        float* below = above + (2 * (long)Width);
        double w00 = up * left;
        double w01 = up * right;
        double w10 = down * left;
        double w11 = down * right;
        double stepY = (above[0] * w00) + (above[2] * w01) + (below[0] * w10) + (below[2] * w11);
        double stepX = (above[1] * w00) + (above[3] * w01) + (below[1] * w10) + (below[3] * w11);

        y = Clamp((y + _top + (float)stepY) - _top, _maxY);
        x = Clamp((x + _left + (float)stepX) - _left, _maxX);
    }

    /// <summary>Moves four points by one step; needs AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StepFour(float* ys, float* xs, int* at)
    {
        Vector128<float> y = Vector128.Load(ys);
        Vector128<float> x = Vector128.Load(xs);
        Vector128<int> y0 = Vector128.ConvertToInt32Native(y);
        Vector128<int> x0 = Vector128.ConvertToInt32Native(x);
        ((y0 * Width) + x0).Store(at);
        Vector256<double> down = Avx.ConvertToVector256Double(y - Vector128.ConvertToSingle(y0));
        Vector256<double> right = Avx.ConvertToVector256Double(x - Vector128.ConvertToSingle(x0));
        Vector256<double> up = Vector256<double>.One - down;
        Vector256<double> left = Vector256<double>.One - right;

        Corners above = new(Vectors, at);
        Corners below = new(Vectors + (2 * (long)Width), at);
        Vector256<double> w00 = up * left;
        Vector256<double> w01 = up * right;
        Vector256<double> w10 = down * left;
        Vector256<double> w11 = down * right;
        Vector256<double> stepY =
            (above.Y * w00) + (above.RightY * w01) + (below.Y * w10) + (below.RightY * w11);
        Vector256<double> stepX =
            (above.X * w00) + (above.RightX * w01) + (below.X * w10) + (below.RightX * w11);

        // As in Clamp: the processor's maximum gives its second operand when the first is not a number.
        (Vector128<float> top, Vector128<float> edge) = (Vector128.Create(_top), Vector128.Create(_left));
        y = Vector128.MaxNative(y + top + Avx.ConvertToVector128Single(stepY) - top, Vector128<float>.Zero);
        x = Vector128.MaxNative(x + edge + Avx.ConvertToVector128Single(stepX) - edge, Vector128<float>.Zero);
        Vector128.MinNative(y, Vector128.Create(_maxY)).Store(ys);
        Vector128.MinNative(x, Vector128.Create(_maxX)).Store(xs);
    }

    /// <summary>Moves eight points by one step; needs AVX-512.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StepEight(float* ys, float* xs, int* at)
    {
        Vector256<float> y = Vector256.Load(ys);
        Vector256<float> x = Vector256.Load(xs);
        Vector256<int> y0 = Vector256.ConvertToInt32Native(y);
        Vector256<int> x0 = Vector256.ConvertToInt32Native(x);
        ((y0 * Width) + x0).Store(at);
        Vector512<double> down = Avx512F.ConvertToVector512Double(y - Vector256.ConvertToSingle(y0));
        Vector512<double> right = Avx512F.ConvertToVector512Double(x - Vector256.ConvertToSingle(x0));
        Vector512<double> up = Vector512<double>.One - down;
        Vector512<double> left = Vector512<double>.One - right;

        (Vector512<float> f00, Vector512<float> f01) = Pairs(Vectors, at);
        (Vector512<float> f10, Vector512<float> f11) = Pairs(Vectors + (2 * (long)Width), at);
        Vector512<double> w00 = up * left;
        Vector512<double> w01 = up * right;
        Vector512<double> w10 = down * left;
        Vector512<double> w11 = down * right;
        Vector512<double> stepY = (Rows(f00) * w00) + (Rows(f01) * w01) + (Rows(f10) * w10) + (Rows(f11) * w11);
        Vector512<double> stepX = (Columns(f00) * w00) + (Columns(f01) * w01) + (Columns(f10) * w10)
            + (Columns(f11) * w11);

        // As in StepFour.
        (Vector256<float> top, Vector256<float> edge) = (Vector256.Create(_top), Vector256.Create(_left));
        y = Vector256.MaxNative(y + top + Avx512F.ConvertToVector256Single(stepY) - top, Vector256<float>.Zero);
        x = Vector256.MaxNative(x + edge + Avx512F.ConvertToVector256Single(stepX) - edge, Vector256<float>.Zero);
        Vector256.MinNative(y, Vector256.Create(_maxY)).Store(ys);
        Vector256.MinNative(x, Vector256.Create(_maxX)).Store(xs);
    }

    /// <summary>What is not a number becomes 0, so that it stays inside the field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Clamp(float position, float most)
    {
        float least = position > 0 ? position : 0;
        return least < most ? least : most;
    }

    /// <summary>
    /// Reads each point's vector and that of its right neighbour with one load, and sorts them: eight row
    /// components, then eight column components, of the points and of the neighbours.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Here, Vector512<float> Right) Pairs(float* vectors, int* at)
    {
        Vector512<float> first = Four(vectors, at);
        Vector512<float> second = Four(vectors, at + 4);
        return (
            Avx512F.PermuteVar16x32x2(
                first, Vector512.Create(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29), second),
            Avx512F.PermuteVar16x32x2(
                first, Vector512.Create(2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31), second));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Four(float* vectors, int* at) => Vector512.Create(
        Vector256.Create(Vector128.Load(vectors + (2 * (long)at[0])), Vector128.Load(vectors + (2 * (long)at[1]))),
        Vector256.Create(Vector128.Load(vectors + (2 * (long)at[2])), Vector128.Load(vectors + (2 * (long)at[3]))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Rows(Vector512<float> sorted) =>
        Avx512F.ConvertToVector512Double(sorted.GetLower());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Columns(Vector512<float> sorted) =>
        Avx512F.ConvertToVector512Double(sorted.GetUpper());

    /// <summary>Four points' vectors and those of their right neighbours, sorted by component.</summary>
    private readonly struct Corners
    {
        public readonly Vector256<double> Y;
        public readonly Vector256<double> X;
        public readonly Vector256<double> RightY;
        public readonly Vector256<double> RightX;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Corners(float* vectors, int* at)
        {
            Vector128<float> first = Vector128.Load(vectors + (2 * (long)at[0]));
            Vector128<float> second = Vector128.Load(vectors + (2 * (long)at[1]));
            Vector128<float> third = Vector128.Load(vectors + (2 * (long)at[2]));
            Vector128<float> fourth = Vector128.Load(vectors + (2 * (long)at[3]));
            Vector128<float> here = Sse.UnpackLow(first, second);
            Vector128<float> hereToo = Sse.UnpackLow(third, fourth);
            Vector128<float> right = Sse.UnpackHigh(first, second);
            Vector128<float> rightToo = Sse.UnpackHigh(third, fourth);
            Y = Avx.ConvertToVector256Double(Sse.MoveLowToHigh(here, hereToo));
            X = Avx.ConvertToVector256Double(Sse.MoveHighToLow(hereToo, here));
            RightY = Avx.ConvertToVector256Double(Sse.MoveLowToHigh(right, rightToo));
            RightX = Avx.ConvertToVector256Double(Sse.MoveHighToLow(rightToo, right));
        }
    }
}
