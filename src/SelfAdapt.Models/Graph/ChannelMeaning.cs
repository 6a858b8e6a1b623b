namespace SelfAdapt.Models.Graph;

/// <summary>What one output channel is to the adaptation.</summary>
/// <param name="Kind">The kind of its part.</param>
/// <param name="Index">Its place in the part.</param>
internal readonly record struct ChannelMeaning(OutputKind Kind, int Index)
{
    public static ChannelMeaning Logit => new(OutputKind.Logit, 0);

    /// <summary>The row component of a vector field; the column component is the next channel.</summary>
    public static ChannelMeaning VectorRow => new(OutputKind.VectorField, 0);

    public static ChannelMeaning VectorColumn => new(OutputKind.VectorField, 1);

    public static ChannelMeaning Scalar => new(OutputKind.Regression, 0);

    public ChannelLoss Loss => Kind.Loss;

    public bool IsLogit => Loss == ChannelLoss.CrossEntropy;

    /// <summary>Where a turned output holds this channel of the original.</summary>
    /// <param name="view">How the image was turned.</param>
    /// <returns>How many channels further on, and the factor that turns its values back.</returns>
    public (int Partner, int Sign) Turned(OrientationMap view)
    {
        (int channel, int sign) = Kind.Turned(view, Index);
        return (channel - Index, sign);
    }
}
