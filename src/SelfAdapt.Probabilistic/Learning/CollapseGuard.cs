using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>
/// Ends an adaptation that loses a class: a network that learns from its own labels can talk itself out of one (docs/probabilistic.md).
/// The last network that still finds enough of both is put back. It is looked at on crops that stay the same, with the same samples.
/// </summary>
/// <param name="weights">Those of the learner that are the result.</param>
/// <param name="opinion">What the learner says of a batch of them now.</param>
/// <param name="leastShare">How much of what it found of each class at first a network must find, 0 to 1.</param>
internal sealed class CollapseGuard(
    NetworkWeights weights, IReadOnlyList<float[]> crops, Func<float[], float[]> opinion, double leastShare)
{
    private readonly WeightSnapshot _kept = weights.Download();
    private double _keptForeground;
    private int _keptStep;

    /// <summary>The share of foreground that the network found before it learnt anything.</summary>
    public double FirstForeground { get; private set; }

    /// <summary>That of the last look.</summary>
    public double Foreground { get; private set; }

    /// <summary>That of the network that is kept.</summary>
    public double KeptForeground => _keptForeground;

    /// <summary>The step that it is of; 0: nothing was learnt.</summary>
    public int KeptStep => _keptStep;

    /// <summary>Whether a class was lost, and the network of <see cref="KeptStep"/> put back.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Looks at the network before it learns.</summary>
    public void Begin() => FirstForeground = Foreground = _keptForeground = Share();

    /// <summary>Looks at the network after a step.</summary>
    public void Look(int step)
    {
        Foreground = Share();
        HasEnded = Foreground < leastShare * FirstForeground || 1 - Foreground < leastShare * (1 - FirstForeground);
        if (HasEnded)
        {
            weights.Upload(_kept.Parameters, _kept.Statistics);
            return;
        }

        WeightSnapshot now = weights.Download();
        now.Parameters.CopyTo(_kept.Parameters, 0);
        now.Statistics.CopyTo(_kept.Statistics, 0);
        (_keptStep, _keptForeground) = (step, Foreground);
    }

    /// <summary>What its looks hand on to each other.</summary>
    public void Exchange(StateExchange state)
    {
        state.Number(ref _keptStep);
        state.Number(ref _keptForeground);
        state.Weights(_kept);
    }

    private double Share() => crops.Average(c => opinion(c).Average(p => p >= 0.5f ? 1.0 : 0));
}
