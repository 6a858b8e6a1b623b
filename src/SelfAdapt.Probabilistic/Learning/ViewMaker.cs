using SelfAdapt.Engine;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>How a view of an image is changed: each change by a chance of its own, its strength uniform between two numbers.</summary>
/// <param name="Blur">Standard deviation, px.</param>
/// <param name="Noise">Standard deviation, in the crop's own.</param>
/// <param name="Contrast">Factor of what a pixel lies above the crop's mean.</param>
internal readonly record struct ViewChanges(
    (double Chance, double From, double To) Blur, (double Chance, double From, double To) Noise,
    (double Chance, double From, double To) Contrast)
{
    /// <summary>No change at all.</summary>
    public static ViewChanges None => new((0, 0, 0), (0, 0, 0), (0, 1, 1));

    /// <summary>The method's weak changes.</summary>
    public static ViewChanges Weak => new((0.25, 0, 3), (0.25, 0, 0.15), (0, 1, 1));

    /// <summary>Its strong ones, as it has them in joint training and in electron microscopy.</summary>
    public static ViewChanges Strong => new((0.5, 0.6, 3), (0.25, 0.05, 0.25), (0.5, 0.33, 3));
}

/// <summary>Makes views of crops.</summary>
/// <param name="standardised">Whether crops are brought to mean 0 and deviation 1, before and after.</param>
internal sealed class ViewMaker(int side, bool standardised)
{
    private const double LeastDeviation = 1e-7;

    /// <summary>Crops, each changed by itself.</summary>
    public float[] Changed(float[] crops, ViewChanges changes, RandomStream random)
    {
        int plane = side * side;
        float[] views = new float[crops.Length];
        (double Blur, double Noise, double Contrast, ulong Key)[] drawn =
        [
            .. Enumerable.Range(0, crops.Length / plane).Select(_ => (
                Strength(changes.Blur, 0), Strength(changes.Noise, 0), Strength(changes.Contrast, 1), random.NextUInt64())),
        ];
        Parallel.For(0, drawn.Length, n =>
        {
            double[] values = Array.ConvertAll(crops[(n * plane)..((n + 1) * plane)], v => (double)v);
            (double mean, double deviation) = Moments(values);
            Scale(values, standardised ? mean : 0, standardised ? deviation : 1);
            (mean, deviation) = standardised ? (0, 1) : (mean, deviation);
            if (drawn[n].Blur > 0)
            {
                GaussianBlur.Apply(values, new double[plane], side, side, drawn[n].Blur);
            }

            for (int i = 0; i < plane; i++)
            {
                double noise = drawn[n].Noise > 0
                    ? drawn[n].Noise * deviation * CounterRandom.Normal(drawn[n].Key, (ulong)i)
                    : 0;
                values[i] = mean + (drawn[n].Contrast * (values[i] + noise - mean));
            }

            (mean, deviation) = standardised ? Moments(values) : (0, 1);
            Scale(values, mean, deviation);
            Array.ConvertAll(values, v => (float)v).CopyTo(views, n * plane);
        });
        return views;

        double Strength((double Chance, double From, double To) change, double none) =>
            random.NextBool(change.Chance) ? random.NextUniform(change.From, change.To) : none;
    }

    private static (double Mean, double Deviation) Moments(double[] values)
    {
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean))));
    }

    private static void Scale(double[] values, double mean, double deviation)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (values[i] - mean) / (deviation + (deviation == 1 ? 0 : LeastDeviation));
        }
    }
}
