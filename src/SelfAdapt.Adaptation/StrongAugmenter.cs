using System;
using SelfAdapt.Engine;

namespace SelfAdapt.Adaptation;

/// <summary>Draws the student's strong augmentation, sample by sample (docs/method.md).</summary>
internal sealed class StrongAugmenter
{
    private readonly StrongAugmentationRanges _ranges;
    private readonly bool _enabled;

    public StrongAugmenter(AdaptationOptions options) =>
        (_ranges, _enabled) = (options.Strong, options.UseStrongAugmentation);

    /// <summary>
    /// Fills one entry per sample. Every sample takes the same six numbers off the stream whether it is
    /// augmented or not, so that the ranges of one setting do not shift the draws of another.
    /// </summary>
    public void Draw(RandomStream random, Span<StrongAugmentation> samples)
    {
        foreach (ref StrongAugmentation sample in samples)
        {
            bool apply = random.NextBool(_ranges.Probability);
            bool contrastFirst = random.NextBool(0.5);
            double brightness = random.NextUniform(_ranges.BrightnessMin, _ranges.BrightnessMax);
            double contrast = random.NextUniform(_ranges.ContrastMin, _ranges.ContrastMax);
            double blur = random.NextUniform(_ranges.BlurMin, _ranges.BlurMax);
            ulong seed = random.NextUInt64();
            sample = new(
                _enabled && apply, contrastFirst, (float)brightness, (float)contrast, (float)blur,
                (float)_ranges.Noise, seed);
        }
    }
}
