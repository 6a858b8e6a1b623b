using SelfAdapt.Engine;

namespace SelfAdapt.Adaptation.Learning;

/// <summary>Draws the student's strong augmentation, sample by sample (docs/method.md).</summary>
internal sealed class StrongAugmenter(AdaptationOptions options)
{
    /// <summary>
    /// Fills one entry per sample. Every sample takes the same six numbers off the stream whether it is
    /// augmented or not, so that the ranges of one setting do not shift the draws of another.
    /// </summary>
    public void Draw(RandomStream random, Span<StrongAugmentation> samples)
    {
        StrongAugmentationRanges ranges = options.Strong;
        foreach (ref StrongAugmentation sample in samples)
        {
            bool apply = random.NextBool(ranges.Probability);
            bool contrastFirst = random.NextBool(0.5);
            double brightness = random.NextUniform(ranges.BrightnessMin, ranges.BrightnessMax);
            double contrast = random.NextUniform(ranges.ContrastMin, ranges.ContrastMax);
            double blur = random.NextUniform(ranges.BlurMin, ranges.BlurMax);
            ulong seed = random.NextUInt64();
            sample = new(
                options.UseStrongAugmentation && apply, contrastFirst, (float)brightness, (float)contrast, (float)blur,
                (float)ranges.Noise, seed);
        }
    }
}
