namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>How far a pixel lies from the outline of its object, as a share of the farthest; 0 outside: DeepWatershed's.</summary>
internal sealed class OuterDistanceKind() : OutputKind("outerdistance", 1)
{
    // DeepCell's threshold of the interior.
    private const float Outside = 0.01f;

    internal override bool TellsObjects => true;

    internal override float ObjectLogit(ReadOnlySpan<float> values) => values[0] - Outside;
}
