namespace SelfAdapt.Segmentation.Simulation;

/// <summary>Random numbers from a seed: the splitmix64 sequence, and distributions drawn from it.</summary>
internal sealed class SeededRandom(ulong seed)
{
    // Above this mean a Poisson number is drawn as a rounded normal one; its skewness is then below 0.13.
    private const double LargestCountedMean = 60;

    private ulong _state = seed;
    private double _spare = double.NaN;

    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (NextBits() >> 11) * (1.0 / (1L << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double Uniform(double low, double high) => low + ((high - low) * Uniform());

    /// <summary>Normal with mean 0 and standard deviation 1 (Box-Muller).</summary>
    public double Normal()
    {
        if (!double.IsNaN(_spare))
        {
            double kept = _spare;
            _spare = double.NaN;
            return kept;
        }

        double radius = Math.Sqrt(-2 * Math.Log(1 - Uniform()));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * Uniform());
        _spare = radius * sin;
        return radius * cos;
    }

    /// <summary>Poisson: counted arrivals, or above a mean of 60 a rounded normal number.</summary>
    public int Poisson(double mean)
    {
        if (mean > LargestCountedMean)
        {
            return (int)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }

        double limit = Math.Exp(-mean);
        int count = 0;
        for (double product = Uniform(); product > limit; product *= Uniform())
        {
            count++;
        }

        return count;
    }
}
