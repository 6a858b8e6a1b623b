using System.Diagnostics;
using MathNet.Numerics.Statistics;

namespace SelfAdapt.Benchmarks;

/// <summary>Times contestants in turn, so that a slow phase of the machine meets all of them.</summary>
internal static class Stopwatches
{
    // A short call is repeated until it fills this time.
    private const double LeastMilliseconds = 40;
    private const int MostRepeats = 400;

    // Thread pools spin for a while after their work: nobody is to pay for another's.
    private const int PauseMilliseconds = 20;

    /// <summary>Makes a contestant of our own work: milliseconds per call, short calls repeated.</summary>
    /// <param name="work">One call; called twice here, to warm up.</param>
    public static Func<double> Ours(Action work)
    {
        Time(work, 1);
        int repeats = Repeats(Time(work, 1));
        return () => Time(work, repeats);
    }

    /// <summary>How often a call of this length is repeated in one round.</summary>
    /// <param name="milliseconds">One call.</param>
    public static int Repeats(double milliseconds) =>
        (int)Math.Clamp(Math.Ceiling(LeastMilliseconds / Math.Max(1e-6, milliseconds)), 1, MostRepeats);

    /// <summary>Runs contestants in turn.</summary>
    /// <param name="rounds">How often each runs.</param>
    /// <param name="contestants">In this order in every round; null ones are left out.</param>
    public static Rounds Alternate(int rounds, params IReadOnlyList<Func<double>?> contestants)
    {
        double[][] times = [.. contestants.Select(_ => new double[rounds])];
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < contestants.Count; i++)
            {
                Thread.Sleep(PauseMilliseconds);
                times[i][round] = contestants[i]?.Invoke() ?? double.NaN;
            }
        }

        return new Rounds(times);
    }

    private static double Time(Action work, int repeats)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < repeats; i++)
        {
            work();
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / repeats;
    }
}

/// <summary>What the contestants took, round by round.</summary>
/// <param name="times">Milliseconds, [contestant][round].</param>
internal sealed class Rounds(double[][] times)
{
    /// <summary>A contestant's median time, ms; NaN for one left out.</summary>
    public double Median(int contestant) => times[contestant].Median();

    /// <summary>The median over rounds of one's time by the other's in the same round; null for one left out.</summary>
    public double? Ratio(int ours, int peer) =>
        times[ours].Zip(times[peer], (a, b) => a / b).Median() is var ratio && double.IsNaN(ratio)
            ? null
            : ratio;

    /// <summary>A contestant's shortest time, ms.</summary>
    public double Best(int contestant) => times[contestant].Min();
}
