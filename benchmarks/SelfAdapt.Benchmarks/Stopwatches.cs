using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;

namespace SelfAdapt.Benchmarks;

/// <summary>Times contestants in turn, so that a slow phase of the machine meets all of them.</summary>
internal static class Stopwatches
{
    private const int WarmUps = 2;

    /// <summary>The median time of each.</summary>
    /// <param name="rounds">Timed runs of each, after two that are not.</param>
    /// <param name="contestants">What to run, in this order in every round.</param>
    /// <returns>Milliseconds.</returns>
    public static double[] Alternate(int rounds, IReadOnlyList<Action> contestants)
    {
        double[][] times = [.. contestants.Select(_ => new double[rounds])];
        for (int round = -WarmUps; round < rounds; round++)
        {
            for (int i = 0; i < contestants.Count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                contestants[i]();
                if (round >= 0)
                {
                    times[i][round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                }
            }
        }

        return [.. times.Select(Median)];
    }

    /// <summary>The median, of an even number the mean of the middle two.</summary>
    /// <param name="values">At least one.</param>
    public static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
