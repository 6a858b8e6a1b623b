using SelfAdapt.Adaptation.Signals;

namespace SelfAdapt.Adaptation.Stopping;

/// <summary>What spoke against a checkpoint.</summary>
internal enum RejectionCause
{
    /// <summary>The images' edges do not clearly speak for it. Value and limit: evidence.</summary>
    TooLittleEvidence,

    /// <summary>It lost too many of the source network's cells. Value and limit: the fraction lost.</summary>
    CellsLost,

    /// <summary>Its embeddings moved too far. Value and limit: the distance.</summary>
    EmbeddingsMoved,
}

/// <summary>The best checkpoint of a run that kept the source network, and why it was not kept.</summary>
/// <param name="Point">Its evaluation.</param>
/// <param name="Value">What it had.</param>
/// <param name="Limit">What it would have needed at least, or at most.</param>
internal sealed record Rejection(EvaluationPoint Point, RejectionCause Cause, double Value, double Limit)
{
    /// <summary>Of two checkpoints that were not kept, whether the second came nearer.</summary>
    public static bool IsNearer(EvaluationPoint than, EvaluationPoint point) =>
        point.Signals.Evidence > than.Signals.Evidence;

    /// <summary>The rejection that decided; null where there was no checkpoint, or no rule to judge it.</summary>
    /// <param name="evaluations">All of them, the source network's first.</param>
    public static Rejection? Of(IReadOnlyList<EvaluationPoint> evaluations, AdaptationOptions options)
    {
        EvaluationPoint? best = null;
        foreach (EvaluationPoint point in evaluations.Skip(1))
        {
            best = best is null || IsNearer(best, point) ? point : best;
        }

        if (best is null || options.Stop == StopRule.None)
        {
            return null;
        }

        (LabelFreeSignals source, LabelFreeSignals now) = (evaluations[0].Signals, best.Signals);
        if (options.Stop == StopRule.Outlines)
        {
            return new(best, RejectionCause.TooLittleEvidence, now.Evidence, source.Evidence + now.EvidenceError);
        }

        return options.Stop == StopRule.Embedding || now.FnRate <= options.FnThreshold
            ? new(best, RejectionCause.EmbeddingsMoved, now.EmbeddingDistance, options.EmbeddingThreshold)
            : new(best, RejectionCause.CellsLost, now.FnRate, options.FnThreshold);
    }
}
