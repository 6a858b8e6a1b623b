using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>The regression part of a supervised loss: the first part whose values masks tell.</summary>
/// <param name="Channel">Its first channel; -1 for none.</param>
/// <param name="Components">How many there are.</param>
/// <param name="IsDistances">Absolute errors in objects as in StarDist; else squares as in Cellpose.</param>
internal readonly record struct SupervisedField(int Channel, int Components, bool IsDistances)
{
    /// <summary>The weight that StarDist gives distances outside objects, which it draws to 0.</summary>
    public const float Background = 1e-4f;

    private const double DistanceWeight = 0.2;

    public static SupervisedField Of(ReadOnlySpan<ChannelMeaning> channels)
    {
        for (int i = 0; i < channels.Length; i++)
        {
            if (channels[i].Kind.IsFieldOfMasks)
            {
                return new(i, channels[i].Kind.Channels, channels[i].Loss == ChannelLoss.ObjectDistances);
            }
        }

        return new(-1, 2, false);
    }

    /// <summary>What one component of one pixel weighs.</summary>
    public double Weight(TensorShape shape) =>
        (IsDistances ? DistanceWeight : 1) / ((double)Components * shape.N * shape.H * shape.W);
}
