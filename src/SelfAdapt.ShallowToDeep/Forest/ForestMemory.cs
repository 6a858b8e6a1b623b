using SelfAdapt.ShallowToDeep.Features;

namespace SelfAdapt.ShallowToDeep.Forest;

/// <summary>How many threads may compute features within an amount of memory.</summary>
internal static class ForestMemory
{
    /// <summary>The image's planes and its map, all in floats, and some room for the program.</summary>
    private const int Planes = 4;

    private const long Program = 100_000_000;

    /// <param name="threads">Wanted; 0 for one per processor.</param>
    /// <exception cref="SelfAdaptException">OutOfMemory: not even one fits.</exception>
    public static int Threads(FeatureSet set, Files.Image image, int threads, long limit, string source)
    {
        long needed = Program + ((long)sizeof(float) * image.Height * image.Width * (image.Channels + Planes));
        long each = FeatureTile.BytesFor(set);
        long possible = (limit - needed) / each;
        return possible >= 1
            ? (int)Math.Min(possible, threads > 0 ? threads : Environment.ProcessorCount)
            : throw new SelfAdaptException(
                ErrorKind.OutOfMemory, source, FormattableString.Invariant(
                    $"its features need {(needed + each) / 1e9:0.0} GB, more than the limit of {limit / 1e9:0.0} GB. Raise the limit, or cut the image."));
    }
}
