namespace SelfAdapt.Adaptation.Supervised;

/// <summary>A map of the plane: x' = A x + B y + C, y' = D x + E y + F.</summary>
internal readonly record struct AffineMap(double A, double B, double C, double D, double E, double F)
{
    /// <summary>The map back; all zeros when there is none.</summary>
    public AffineMap Inverse()
    {
        double determinant = (A * E) - (B * D);
        double factor = determinant != 0 ? 1 / determinant : 0;
        (double a, double b, double d, double e) = (E * factor, -B * factor, -D * factor, A * factor);
        return new(a, b, (-a * C) - (b * F), d, e, (-d * C) - (e * F));
    }
}

/// <summary>
/// OpenCV's warpAffine on float32 planes, bit for bit (docs/cellpose.md 5.3, OpenCV 4.6): source positions
/// are rounded to 1/32 px, and what lies outside the source counts as 0.
/// </summary>
internal sealed class AffineWarp
{
    private const int FixedBits = 10;
    private const int FractionBits = 5;
    private const int Fractions = 1 << FractionBits;
    private const int LinearRound = 1 << (FixedBits - FractionBits - 1);
    private const int NearestRound = 1 << (FixedBits - 1);

    private readonly AffineMap _toSource;
    private readonly int[] _stepX;
    private readonly int[] _stepY;

    /// <param name="forward">Maps source positions (x, y) to target positions.</param>
    public AffineWarp(AffineMap forward, int targetWidth)
    {
        _toSource = forward.Inverse();
        _stepX = new int[targetWidth];
        _stepY = new int[targetWidth];
        for (int x = 0; x < targetWidth; x++)
        {
            _stepX[x] = ToFixed(_toSource.A * x);
            _stepY[x] = ToFixed(_toSource.D * x);
        }
    }

    /// <param name="target">Receives [rows, target width].</param>
    public void Linear(ReadOnlySpan<float> source, int width, bool mirror, Span<float> target)
    {
        int height = source.Length / width;
        for (int i = 0; i < target.Length; i++)
        {
            (int fixedX, int fixedY) = SourceOf(i, LinearRound);
            (fixedX, fixedY) = (fixedX >> (FixedBits - FractionBits), fixedY >> (FixedBits - FractionBits));
            int x = fixedX >> FractionBits;
            int y = fixedY >> FractionBits;
            float right = (fixedX & (Fractions - 1)) / (float)Fractions;
            float down = (fixedY & (Fractions - 1)) / (float)Fractions;
            target[i] = (At(source, width, height, x, y, mirror) * ((1 - down) * (1 - right)))
                + (At(source, width, height, x + 1, y, mirror) * ((1 - down) * right))
                + (At(source, width, height, x, y + 1, mirror) * (down * (1 - right)))
                + (At(source, width, height, x + 1, y + 1, mirror) * (down * right));
        }
    }

    /// <param name="target">Receives [rows, target width].</param>
    public void Nearest(ReadOnlySpan<float> source, int width, bool mirror, Span<float> target)
    {
        int height = source.Length / width;
        for (int i = 0; i < target.Length; i++)
        {
            (int fixedX, int fixedY) = SourceOf(i, NearestRound);
            target[i] = At(source, width, height, fixedX >> FixedBits, fixedY >> FixedBits, mirror);
        }
    }

    private static float At(ReadOnlySpan<float> source, int width, int height, int x, int y, bool mirror)
    {
        if ((uint)x >= (uint)width || (uint)y >= (uint)height)
        {
            return 0f;
        }

        return source[(y * width) + (mirror ? width - 1 - x : x)];
    }

    private static int ToFixed(double value) => (int)Math.Round(value * (1 << FixedBits));

    private (int X, int Y) SourceOf(int index, int round)
    {
        int x = index % _stepX.Length;
        int y = index / _stepX.Length;
        return (
            ToFixed((_toSource.B * y) + _toSource.C) + round + _stepX[x],
            ToFixed((_toSource.E * y) + _toSource.F) + round + _stepY[x]);
    }
}
