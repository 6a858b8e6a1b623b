using System.Globalization;

namespace SelfAdapt.Segmentation;

/// <summary>Range checks of options, all with the same message.</summary>
internal static class OptionCheck
{
    /// <summary>Refuses an option that is out of its range.</summary>
    /// <param name="condition">Whether the value is allowed.</param>
    /// <param name="name">The option.</param>
    /// <param name="value">Its value.</param>
    /// <param name="allowed">The allowed range, in words.</param>
    /// <exception cref="SelfAdaptException">(<see cref="ExitCode.Usage"/>) the condition is false.</exception>
    public static void Require(bool condition, string name, double value, string allowed)
    {
        if (!condition)
        {
            throw new SelfAdaptException(ExitCode.Usage, string.Create(CultureInfo.InvariantCulture,
                $"{name} is {value}, which is out of range. Allowed: {allowed}."));
        }
    }

    /// <summary>Refuses negative channel numbers.</summary>
    /// <param name="channels">The choice of channels.</param>
    /// <exception cref="SelfAdaptException">(<see cref="ExitCode.Usage"/>) a number is negative.</exception>
    public static void Require(ChannelPair channels)
    {
        Require(channels.First >= 0, "The first channel", channels.First, "0 (mean of all) or a channel number");
        Require(channels.Second >= 0, "The second channel", channels.Second, "0 (none) or a channel number");
    }
}
