using System.CommandLine;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>Cellpose's two options for what --channels says in one.</summary>
internal sealed class ChannelNumbers
{
    private readonly SettingOptions<Numbers> _options = new();

    /// <summary>Adds them to a verb.</summary>
    /// <param name="channels">Its --channels.</param>
    public void AddTo(Command command, Option channels)
    {
        _options.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(channels) is not null && _options.All.Any(n => result.GetResult(n) is not null))
            {
                result.AddError("--channels and --chan, --chan2 say the same: give one of the two forms.");
            }
        });
    }

    /// <summary>The channels that were given either way.</summary>
    public ChannelPair Get(ParseResult parsed, ChannelPair given)
    {
        Numbers numbers = _options.Get(parsed);
        return numbers == new Numbers() ? given : new(numbers.Chan ?? 0, numbers.Chan2 ?? 0);
    }

    private sealed record Numbers
    {
        [Setting(0, 65_535, "First number of --channels, as in Cellpose", Group = "masks")]
        public int? Chan { get; init; }

        [Setting(0, 65_535, "Second number of --channels, as in Cellpose", Group = "masks")]
        public int? Chan2 { get; init; }
    }
}
