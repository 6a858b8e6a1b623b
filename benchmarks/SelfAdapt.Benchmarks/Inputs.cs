namespace SelfAdapt.Benchmarks;

/// <summary>The same numbers on both sides: the peer has this generator too.</summary>
internal static class Inputs
{
    /// <summary>Even noise from -0.5 to 0.5.</summary>
    /// <param name="count">How many values.</param>
    /// <param name="seed">Another seed, other values.</param>
    public static float[] Noise(long count, uint seed)
    {
        float[] values = new float[count];
        for (uint i = 0; i < values.Length; i++)
        {
            uint h = (i * 0x9E3779B1) + seed;
            h ^= h >> 15;
            h *= 0x85EBCA77;
            h ^= h >> 13;
            values[i] = ((h >> 8) * (1f / (1 << 24))) - 0.5f;
        }

        return values;
    }

    /// <summary>Largest difference in units of the largest expected value; infinite for other sizes.</summary>
    public static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        if (actual.Length != expected.Length)
        {
            return double.PositiveInfinity;
        }

        double difference = 0;
        double largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            // A NaN on either side must not pass for agreement.
            double d = Math.Abs((double)actual[i] - expected[i]);
            difference = double.IsNaN(d) ? double.PositiveInfinity : Math.Max(difference, d);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return difference / Math.Max(largest, double.Epsilon);
    }
}
