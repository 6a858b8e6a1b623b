using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine;

/// <summary>The channels of an output that are classes of one softmax; none where there are no classes.</summary>
/// <param name="First">Its first channel.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct ClassRun(int First, int Count)
{
    public static ClassRun Of(ReadOnlySpan<ChannelMeaning> channels)
    {
        for (int i = 0; i < channels.Length; i++)
        {
            if (channels[i].Loss == ChannelLoss.Classes)
            {
                return new(i, channels[i].Kind.Channels);
            }
        }

        return default;
    }

    public bool Contains(int channel) => channel >= First && channel < First + Count;
}
