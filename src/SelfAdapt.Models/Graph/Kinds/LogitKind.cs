namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>The logit of being in an object.</summary>
internal sealed class LogitKind() : OutputKind("logit", 1)
{
    internal override bool TellsObjects => true;

    internal override ChannelLoss Loss => ChannelLoss.CrossEntropy;

    internal override OutputKind AsProbability => Probability;
}
