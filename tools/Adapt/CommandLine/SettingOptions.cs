using System.CommandLine;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>The options for a type's properties that carry a <see cref="SettingAttribute"/> with a help text.</summary>
/// <typeparam name="T">A type that can be made without arguments; its defaults are the options'.</typeparam>
internal sealed class SettingOptions<T>
    where T : class
{
    private readonly Dictionary<string, SettingOption> _options = new(StringComparer.Ordinal);

    public SettingOptions(Func<string, bool>? which = null)
    {
        T standard = Activator.CreateInstance<T>();
        foreach ((PropertyInfo property, SettingAttribute setting) in Settings.Of(typeof(T)))
        {
            if (setting.Help is not null && which?.Invoke(property.Name) != false)
            {
                _options.Add(property.Name, new SettingOption(property, setting, property.GetValue(standard)));
            }
        }
    }

    public IReadOnlyCollection<SettingOption> All => _options.Values;

    public SettingOption this[string property] => _options[property];

    public void AddTo(Command command)
    {
        foreach (SettingOption option in All)
        {
            command.Add(option);
        }
    }

    public bool IsGiven(ParseResult parsed, string property) => this[property].Words(parsed) is not null;

    /// <summary>A property's value where it was given, else what a model tells, else its default.</summary>
    /// <param name="value">The property of what <see cref="Get"/> returned, written as options.Property.</param>
    /// <param name="told">What the model tells; null: nothing.</param>
    public TValue GivenOr<TValue>(
        ParseResult parsed, TValue value, TValue? told, [CallerArgumentExpression(nameof(value))] string property = "")
        where TValue : struct =>
        told is { } known && !IsGiven(parsed, property[(property.LastIndexOf('.') + 1)..]) ? known : value;

    /// <summary>The values that were given, and defaults.</summary>
    public T Get(ParseResult parsed)
    {
        T options = Activator.CreateInstance<T>();
        foreach (SettingOption option in All)
        {
            option.Apply(parsed, options);
        }

        return options;
    }

    /// <summary>Runs the library's own check, with flags where its message names properties.</summary>
    /// <exception cref="SelfAdaptException">Usage: the options do not go together.</exception>
    public void Check(Action validate)
    {
        try
        {
            validate();
        }
        catch (SelfAdaptException e) when (e.Kind == ErrorKind.InvalidOption)
        {
            throw new SelfAdaptException(e.Kind, FlagNames.Translate(e.Message, _options), e);
        }
    }
}
