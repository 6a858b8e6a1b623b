namespace SelfAdapt.Segmentation;

/// <summary>How many threads a loop may use.</summary>
internal static class Parallelism
{
    /// <summary>The limit that a number of threads stands for.</summary>
    public static ParallelOptions Of(int threads) =>
        new() { MaxDegreeOfParallelism = threads > 0 ? threads : -1 };
}
