namespace SelfAdapt.Adaptation.Learning;

/// <summary>
/// Linear warm-up to the peak, then a cosine down to the floor (paper; lengths in docs/method.md section
/// 6). A floor above the peak counts as the peak, so a peak of 0 is 0 throughout.
/// </summary>
internal sealed class WarmupCosine(AdaptationOptions options)
{
    /// <summary>
    /// The rate of a step: peak * step / warm-up up to the warm-up's end, where it is the peak; at the last
    /// step, and after it, the floor.
    /// </summary>
    public double At(int step)
    {
        (double peak, int warmup) = (options.LearningRate, options.Warmup);
        if (step <= warmup)
        {
            return peak * step / warmup;
        }

        double floor = Math.Min(options.LearningRateFloor, peak);
        double progress = Math.Min(1, (step - warmup) / (double)(options.Iterations - warmup));
        return floor + ((peak - floor) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
