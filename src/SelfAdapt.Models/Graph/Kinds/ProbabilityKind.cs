namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>The probability of being in an object.</summary>
internal sealed class ProbabilityKind() : OutputKind("probability", 1)
{
    internal override bool TellsObjects => true;

    internal override OutputKind AsRun => Logit;

    internal override OutputKind AsProbability => this;
}
