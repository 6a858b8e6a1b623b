using System.Runtime.CompilerServices;
using ILGPU;

namespace SelfAdapt.Kernels;

/// <summary>
/// Functions of one number, written out: so they give the same bits on every device. In double, as the host's
/// backends compute losses and confidences in double, and a pixel at a threshold should fall on the same side.
/// </summary>
internal static class Functions
{
    private const double Log2E = 1.4426950408889634;
    private const double Ln2High = 0.693147180369123816490;
    private const double Ln2Low = 1.90821492927058770002e-10;

    /// <summary>max(x, 0); a NaN stays one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Relu(float x) => x < 0 ? 0 : x;

    /// <summary>
    /// e^x: x = k ln 2 + r with |r| up to ln 2 / 2, the Taylor series of e^r to r^13 (below 1e-17 there), times 2^k.
    /// Below -708 it is 0, above 709 infinity.
    /// </summary>
    public static double Exp(double x)
    {
        if (!(x > -708))
        {
            return x <= -708 ? 0 : x;
        }

        if (x > 709)
        {
            return double.PositiveInfinity;
        }

        double shifted = (x * Log2E) + 0.5;
        int k = (int)shifted;
        k = k > shifted ? k - 1 : k;
        double r = x - (k * Ln2High) - (k * Ln2Low);
        double p = 1 / 6227020800.0;
        p = (p * r) + (1 / 479001600.0);
        p = (p * r) + (1 / 39916800.0);
        p = (p * r) + (1 / 3628800.0);
        p = (p * r) + (1 / 362880.0);
        p = (p * r) + (1 / 40320.0);
        p = (p * r) + (1 / 5040.0);
        p = (p * r) + (1 / 720.0);
        p = (p * r) + (1 / 120.0);
        p = (p * r) + (1 / 24.0);
        p = (p * r) + (1 / 6.0);
        p = (p * r) + 0.5;
        p = (p * r * r) + r + 1;
        return p * Interop.IntAsFloat((ulong)(k + 1023) << 52);
    }

    /// <summary>
    /// ln x of a positive, normal x: x = 2^k m with m from sqrt(1/2) to sqrt(2); ln m = 2 artanh(s) with
    /// s = (m - 1) / (m + 1), |s| up to 0.172, the series to s^21 (below 1e-18 there).
    /// </summary>
    public static double Log(double x)
    {
        ulong bits = Interop.FloatAsInt(x);
        int k = (int)(bits >> 52) - 1023;
        double m = Interop.IntAsFloat((bits & 0xFFFFFFFFFFFFFUL) | 0x3FF0000000000000UL);
        if (m > 1.4142135623730951)
        {
            m *= 0.5;
            k++;
        }

        return (k * Ln2High) + ((k * Ln2Low) + TwoArtanh((m - 1) / (m + 1)));
    }

    /// <summary>ln(1 + x) of an x from 0 to 1.</summary>
    public static double LogOnePlus(double x) =>
        x < 0.4 ? TwoArtanh(x / (2 + x)) : Log(1 + x);

    /// <summary>1 / (1 + e^-x), without overflow.</summary>
    public static double Sigmoid(double x)
    {
        double e = Exp(x < 0 ? x : -x);
        return x < 0 ? e / (1 + e) : 1 / (1 + e);
    }

    /// <summary>
    /// cos(2 pi v) of a v from 0 to 1: an eighth of the circle is the cosine's or the sine's series to the 16th power.
    /// </summary>
    public static double CosTurn(double v)
    {
        double half = v > 0.5 ? 1 - v : v;
        double quarter = half > 0.25 ? 0.5 - half : half;
        double value = quarter > 0.125
            ? SmallSin((0.25 - quarter) * (2 * Math.PI))
            : SmallCos(quarter * (2 * Math.PI));
        return half > 0.25 ? -value : value;
    }

    private static double TwoArtanh(double s)
    {
        double z = s * s;
        double p = 1 / 21.0;
        p = (p * z) + (1 / 19.0);
        p = (p * z) + (1 / 17.0);
        p = (p * z) + (1 / 15.0);
        p = (p * z) + (1 / 13.0);
        p = (p * z) + (1 / 11.0);
        p = (p * z) + (1 / 9.0);
        p = (p * z) + (1 / 7.0);
        p = (p * z) + (1 / 5.0);
        p = (p * z) + (1 / 3.0);
        return 2 * (s + (s * z * p));
    }

    private static double SmallCos(double a)
    {
        double z = a * a;
        double p = 1 / 20922789888000.0;
        p = (1 / 87178291200.0) - (p * z);
        p = (1 / 479001600.0) - (p * z);
        p = (1 / 3628800.0) - (p * z);
        p = (1 / 40320.0) - (p * z);
        p = (1 / 720.0) - (p * z);
        p = (1 / 24.0) - (p * z);
        p = 0.5 - (p * z);
        return 1 - (p * z);
    }

    private static double SmallSin(double a)
    {
        double z = a * a;
        double p = 1 / 355687428096000.0;
        p = (1 / 1307674368000.0) - (p * z);
        p = (1 / 6227020800.0) - (p * z);
        p = (1 / 39916800.0) - (p * z);
        p = (1 / 362880.0) - (p * z);
        p = (1 / 5040.0) - (p * z);
        p = (1 / 120.0) - (p * z);
        p = (1 / 6.0) - (p * z);
        return a - (a * z * p);
    }
}
