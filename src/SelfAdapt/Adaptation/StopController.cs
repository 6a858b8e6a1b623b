namespace SelfAdapt.Adaptation;

/// <summary>What an evaluation point means for the run.</summary>
public enum StopDecision
{
    /// <summary>Go on; this point's weights are the ones to keep so far.</summary>
    Keep,

    /// <summary>Stop; the weights kept before stay the result.</summary>
    Stop,
}

/// <summary>
/// Decides from the evaluation points alone when to stop and which checkpoint is the result: the last one
/// within the threshold, before the first beyond it (spec/selfadapt.md section 11, no. 13). No patience: the
/// curves are monotone. A signal that is not a number is beyond every threshold.
/// </summary>
internal sealed class StopController
{
    private readonly StopRule _rule;
    private readonly double _fnThreshold;
    private readonly double _embeddingThreshold;

    /// <summary>Takes the rule and its thresholds from the options.</summary>
    public StopController(AdaptationOptions options) => (_rule, _fnThreshold, _embeddingThreshold) =
        (options.Stop, options.FnThreshold, options.EmbeddingThreshold);

    /// <summary>
    /// The point whose weights are the result; null while no point was within the thresholds.
    /// </summary>
    public EvaluationPoint? Kept { get; private set; }

    /// <summary>
    /// Iteration of the first point beyond tau_FN, whatever the rule; null if there was none.
    /// </summary>
    public int? FnFiredAt { get; private set; }

    /// <summary>
    /// Iteration of the first point beyond tau_emb, whatever the rule; null if there was none.
    /// </summary>
    public int? EmbeddingFiredAt { get; private set; }

    /// <summary>
    /// Takes the next point in. After the rule has fired every further point gets <see
    /// cref="StopDecision.Stop"/>, and <see cref="Kept"/> stays.
    /// </summary>
    public StopDecision Add(EvaluationPoint point)
    {
        if (!(point.FnRate <= _fnThreshold))
        {
            FnFiredAt ??= point.Iteration;
        }

        if (!(point.EmbeddingDistance <= _embeddingThreshold))
        {
            EmbeddingFiredAt ??= point.Iteration;
        }

        bool fired = _rule switch
        {
            StopRule.Fn => FnFiredAt is not null,
            StopRule.Embedding => EmbeddingFiredAt is not null,
            StopRule.Both => FnFiredAt is not null || EmbeddingFiredAt is not null,
            _ => false,
        };
        if (fired)
        {
            return StopDecision.Stop;
        }

        Kept = point;
        return StopDecision.Keep;
    }
}
