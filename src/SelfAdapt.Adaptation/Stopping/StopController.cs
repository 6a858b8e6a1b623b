using SelfAdapt.Adaptation.Signals;

namespace SelfAdapt.Adaptation.Stopping;

/// <summary>What an evaluation point means for the run.</summary>
internal enum StopDecision
{
    /// <summary>Go on; this point's weights are the ones to keep so far.</summary>
    Keep,

    /// <summary>Go on; the weights kept before stay the result so far.</summary>
    Pass,

    /// <summary>Stop; the weights kept before stay the result.</summary>
    Stop,
}

/// <summary>
/// Decides from the evaluation points alone when to stop and which checkpoint is the result. By the paper's signals:
/// the last one within the threshold, before the first beyond it (docs/method.md, no. 13). By outlines: the one
/// whose cells lie best on the edges of the images, if they do so clearly better than the source network's; else the source
/// network itself (docs/method.md). A signal that is not a number is beyond every threshold.
/// </summary>
internal sealed class StopController(AdaptationOptions options)
{
    private int _passed;
    private LabelFreeSignals? _source;

    /// <summary>
    /// The point whose weights are the result; null while there was none, or none within the thresholds.
    /// </summary>
    public EvaluationPoint? Kept { get; private set; }

    /// <summary>Why the run is to stop; null while it is not.</summary>
    public StopReason? Reason { get; private set; }

    /// <summary>Takes the next point in. After the rule has fired every further point is a stop.</summary>
    public StopDecision Add(EvaluationPoint point)
    {
        Reason ??= options.Stop switch
        {
            StopRule.Fn => Beyond(point.Signals.FnRate, options.FnThreshold, StopReason.FalseNegativeRate),
            StopRule.Embedding => BeyondEmbedding(point),
            StopRule.Both => Beyond(point.Signals.FnRate, options.FnThreshold, StopReason.FalseNegativeRate)
                ?? BeyondEmbedding(point),
            _ => null,
        };
        if (Reason is not null)
        {
            return StopDecision.Stop;
        }

        if (options.Stop != StopRule.Outlines || IsBetter(point.Signals))
        {
            (Kept, _passed) = (point, 0);
            return StopDecision.Keep;
        }

        if (options.Patience > 0 && ++_passed >= options.Patience)
        {
            Reason = StopReason.Outlines;
            return StopDecision.Stop;
        }

        return StopDecision.Pass;
    }

    private static StopReason? Beyond(double signal, double threshold, StopReason reason) =>
        signal <= threshold ? null : reason;

    private StopReason? BeyondEmbedding(EvaluationPoint point) => Beyond(
        point.Signals.EmbeddingDistance, options.EmbeddingThreshold, StopReason.EmbeddingDistance);

    private bool IsBetter(LabelFreeSignals signals)
    {
        _source ??= signals;
        return Kept is null || (signals.Evidence > Kept.Signals.Evidence && IsClear(signals, _source));
    }

    /// <summary>Whether the evidence is above the source network's by more than its standard error.</summary>
    public static bool IsClear(LabelFreeSignals signals, LabelFreeSignals source) =>
        signals.Evidence - source.Evidence > signals.EvidenceError;
}
