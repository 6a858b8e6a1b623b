namespace SelfAdapt.Probabilistic.Learning;

/// <summary>A batch with what is to be learnt of it.</summary>
/// <param name="Images">[batch, 1, side, side].</param>
/// <param name="Labels">Probabilities of foreground, [batch, side, side].</param>
/// <param name="Filter">How much each pixel counts; null: all alike.</param>
internal sealed record LearningPart(float[] Images, float[] Labels, float[]? Filter);
