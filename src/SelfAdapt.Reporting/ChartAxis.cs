using System.Globalization;

namespace SelfAdapt.Reporting;

/// <summary>One axis of a chart: a range of values on a stretch of the picture, with round numbers as ticks.</summary>
internal sealed class ChartAxis
{
    private const int WantedTicks = 5;

    private readonly double _from;
    private readonly double _to;
    private readonly double _step;

    /// <param name="from">Where the smallest lies in the picture.</param>
    /// <param name="to">Where the largest lies.</param>
    /// <param name="roundUp">Whether the axis may grow so that it ends at a tick.</param>
    public ChartAxis(double least, double most, double from, double to, bool roundUp)
    {
        (_from, _to) = (from, to);
        double range = most > least ? most - least : Math.Max(1e-6, Math.Abs(most));
        double rough = range / WantedTicks;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        _step = power * ((rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
        Least = roundUp ? Math.Floor(least / _step) * _step : least;
        Most = roundUp ? Math.Ceiling((least + range) / _step) * _step : least + range;
    }

    public double Least { get; }

    public double Most { get; }

    /// <summary>Where a value lies in the picture; values beyond the ends lie at the ends.</summary>
    public double At(double value) =>
        _from + ((_to - _from) * (Math.Clamp(value, Least, Most) - Least) / (Most - Least));

    public IEnumerable<(double Value, string Text)> Ticks()
    {
        int decimals = Math.Clamp((int)-Math.Floor(Math.Log10(_step)), 0, 9);
        string format = Most >= 1e6 || _step < 1e-6 ? "0.#e0" : "#,0." + new string('0', decimals);
        long last = (long)Math.Floor((Most / _step) + 1e-9);
        for (long i = (long)Math.Ceiling((Least / _step) - 1e-9); i <= last; i++)
        {
            yield return (i * _step, (i * _step).ToString(format, CultureInfo.InvariantCulture));
        }
    }
}
