using SelfAdapt.Engine.Autodiff;

namespace SelfAdapt.Adaptation.Resuming;

/// <summary>
/// Everything that a run needs to go on as if it had never been interrupted. What follows from the source network, the
/// options and the images is not in it: it is computed again.
/// </summary>
internal sealed record RunState
{
    public required int Iteration { get; init; }

    /// <summary>Random numbers drawn for crops.</summary>
    public required ulong CropPosition { get; init; }

    /// <summary>Random numbers drawn for the strong augmentation.</summary>
    public required ulong AugmentationPosition { get; init; }

    public required TrainingState Training { get; init; }

    /// <summary>The weights that are the result so far.</summary>
    public required WeightSnapshot Kept { get; init; }

    /// <summary>All evaluations, iteration 0 first: the stopping rule's memory.</summary>
    public required IReadOnlyList<EvaluationPoint> Evaluations { get; init; }

    public required double Seconds { get; init; }
}

/// <summary>What the steps of a run hand on to each other.</summary>
internal sealed record TrainingState(
    WeightSnapshot Student, WeightSnapshot Teacher, float[] FirstMoment, float[] SecondMoment, float[] Thresholds);

/// <summary>When a run saves itself, and where it begins.</summary>
/// <param name="Save">Takes a state: after an evaluation, and when the run is asked to end.</param>
/// <param name="From">The state to go on from; null: from the beginning.</param>
internal sealed record Checkpointing(Action<RunState> Save, RunState? From = null);
