namespace SelfAdapt.Kernels;

/// <summary>How tables of kinds tell how a channel is trained.</summary>
public static class ChannelKinds
{
    /// <summary>A number, by squares.</summary>
    public const int Squares = 0;

    /// <summary>A logit, by cross-entropy.</summary>
    public const int Logit = 1;

    /// <summary>This, plus the channel of the object's logit: a distance, by its error in objects.</summary>
    public const int Distances = 2;
}
