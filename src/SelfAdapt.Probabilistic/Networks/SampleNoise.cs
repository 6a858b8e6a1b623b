using SelfAdapt.Engine;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>The standard normal numbers that samples are drawn by.</summary>
internal static class SampleNoise
{
    /// <summary>Some, from a stream: they are functions of the number that is taken off it.</summary>
    public static float[] Draw(RandomStream random, int count)
    {
        ulong key = random.NextUInt64();
        return [.. Enumerable.Range(0, count).Select(i => (float)CounterRandom.Normal(key, (ulong)i))];
    }

    /// <summary>Those that trained networks predict with, the same for every image: a mean of samples is a fixed function.</summary>
    public static float[][] Fixed(int samples, int latent)
    {
        RandomStream random = new RandomStream(0).Substream("samples of a prediction");
        return [.. Enumerable.Range(0, samples).Select(_ => Draw(random, latent))];
    }
}
