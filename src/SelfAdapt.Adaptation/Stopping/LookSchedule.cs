namespace SelfAdapt.Adaptation.Stopping;

/// <summary>
/// When a run looks at what it has learnt. By default at growing distances, after 10, 20, 40, 60, 80, 120, 160, 240, ... steps:
/// much happens early, and a long run is not spent on looking.
/// </summary>
internal static class LookSchedule
{
    private const int First = 10;
    private const int FirstHalfway = 60;

    /// <summary>Whether a look is due after a step; after the last one it always is.</summary>
    /// <param name="every">Steps between two looks; 0: growing distances.</param>
    public static bool IsDue(int step, int last, int every = 0) =>
        step == last || (every > 0 ? step % every == 0 : IsPower(step, First) || IsPower(step, FirstHalfway));

    /// <summary>The step of the next look.</summary>
    /// <inheritdoc cref="IsDue"/>
    public static int Next(int step, int last, int every) =>
        Enumerable.Range(step + 1, last - step).First(s => IsDue(s, last, every));

    private static bool IsPower(int step, int first)
    {
        while (step > first && step % 2 == 0)
        {
            step /= 2;
        }

        return step == first;
    }
}
