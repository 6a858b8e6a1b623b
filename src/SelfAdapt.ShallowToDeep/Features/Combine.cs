namespace SelfAdapt.ShallowToDeep.Features;

/// <summary>What filters make of derivatives, pixel by pixel; the JIT's vectors do not change a value.</summary>
internal static class Combine
{
    public static void Magnitude(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> to)
    {
        for (int i = 0; i < a.Length; i++)
        {
            to[i] = MathF.Sqrt((a[i] * a[i]) + (b[i] * b[i]));
        }
    }

    public static void Sum(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> to)
    {
        for (int i = 0; i < a.Length; i++)
        {
            to[i] = a[i] + b[i];
        }
    }

    public static void Product(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> to)
    {
        for (int i = 0; i < a.Length; i++)
        {
            to[i] = a[i] * b[i];
        }
    }

    /// <summary>Both eigenvalues of symmetric 2x2 matrices, the larger first.</summary>
    public static void Eigenvalues(
        ReadOnlySpan<float> xx, ReadOnlySpan<float> xy, ReadOnlySpan<float> yy, Span<float> larger, Span<float> smaller)
    {
        for (int i = 0; i < xx.Length; i++)
        {
            float mean = 0.5f * (xx[i] + yy[i]);
            float half = 0.5f * (xx[i] - yy[i]);
            float root = MathF.Sqrt((half * half) + (xy[i] * xy[i]));
            larger[i] = mean + root;
            smaller[i] = mean - root;
        }
    }
}
