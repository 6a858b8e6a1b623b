using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation;

/// <summary>What a run gave.</summary>
/// <param name="Kept">The weights of the checkpoint that is kept.</param>
/// <param name="KeptPoint">Its evaluation.</param>
/// <param name="Reason">Why the run ended.</param>
/// <param name="Iterations">Steps done.</param>
/// <param name="Evaluations">All evaluations, the source network's first.</param>
/// <param name="Seconds">Time taken.</param>
public sealed record AdaptationResult(
    WeightSnapshot Kept, EvaluationPoint KeptPoint, StopReason Reason, int Iterations,
    IReadOnlyList<EvaluationPoint> Evaluations, double Seconds)
{
    /// <summary>Whether the source network is kept as it was: its weights, and the power of intensities that it sees.</summary>
    public bool KeepsOriginal => KeptPoint == Evaluations[0];
}
