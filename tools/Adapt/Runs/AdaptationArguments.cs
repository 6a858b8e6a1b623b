using System.CommandLine;
using SelfAdapt.Adaptation;
using SelfAdapt.Tool.CommandLine;

namespace SelfAdapt.Tool.Runs;

/// <summary>The options of the method.</summary>
internal sealed class AdaptationArguments
{
    private readonly SettingOptions<AdaptationOptions> _options = new();

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command) => _options.AddTo(command);

    /// <summary>The method's options; warm-up and time follow from the run's length unless given.</summary>
    /// <exception cref="SelfAdaptException">Usage: options do not go together.</exception>
    public AdaptationOptions Get(ParseResult parsed)
    {
        AdaptationOptions given = _options.Get(parsed);
        AdaptationOptions options = given with
        {
            Warmup = _options.IsGiven(parsed, nameof(given.Warmup))
                ? given.Warmup
                : Math.Min(given.Iterations, Math.Clamp(given.Iterations / 50, 10, AdaptationOptions.Paper.Warmup)),
            Minutes = _options.IsGiven(parsed, nameof(given.Minutes)) || !_options.IsGiven(parsed, nameof(given.Iterations))
                ? given.Minutes
                : 0,
        };
        _options.Check(options.Validate);
        return options;
    }
}
