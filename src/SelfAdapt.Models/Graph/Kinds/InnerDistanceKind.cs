namespace SelfAdapt.Models.Graph.Kinds;

/// <summary>How near a pixel lies to the middle of its object, 1 there and falling: DeepWatershed's, by whose maxima objects are found.</summary>
internal sealed class InnerDistanceKind() : OutputKind("innerdistance", 1);
