using System;

namespace SelfAdapt.Adaptation;

/// <summary>
/// Linear warm-up to the peak, then a cosine down to the floor (paper; lengths in docs/method.md section
/// 6). A floor above the peak counts as the peak, so a peak of 0 is 0 throughout.
/// </summary>
internal sealed class WarmupCosine
{
    private readonly double _peak;
    private readonly double _floor;
    private readonly int _warmup;
    private readonly int _steps;

    public WarmupCosine(AdaptationOptions options)
    {
        _peak = options.LearningRate;
        _floor = Math.Min(options.LearningRateFloor, _peak);
        _warmup = options.Warmup;
        _steps = options.Iterations;
    }

    /// <summary>
    /// The rate of a step: peak * step / warm-up up to the warm-up's end, where it is the peak; at the last
    /// step, and after it, the floor.
    /// </summary>
    public double At(int step)
    {
        if (step <= _warmup)
        {
            return _peak * step / _warmup;
        }

        double progress = Math.Min(1, (step - _warmup) / (double)(_steps - _warmup));
        return _floor + ((_peak - _floor) * 0.5 * (1 + Math.Cos(Math.PI * progress)));
    }
}
