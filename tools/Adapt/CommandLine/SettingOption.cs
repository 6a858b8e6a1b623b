using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>The option that sets a property; its words are read alike from the command line and run.json.</summary>
internal sealed class SettingOption : Option<string[]>
{
    private readonly PropertyInfo _property;
    private readonly object? _standard;
    private readonly Type _type;

    public SettingOption(PropertyInfo property, SettingAttribute setting, object? standard)
        : base(FlagNames.Of(property.Name, standard), FlagNames.OthersOf(FlagNames.Of(property.Name, standard)))
    {
        (_property, _standard, Setting) = (property, standard, setting);
        Type held = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        IsSwitch = held == typeof(bool);
        _type = held.GetElementType() ?? held;
        Form = IsSwitch ? null : WordForm.Of(_type);
        Description = setting.Help;
        HelpName = (held.IsArray, setting.Unit) is (false, { } unit) ? unit.ToUpperInvariant() : Form?.Sketch;
        Required = property.IsDefined(typeof(RequiredMemberAttribute));
        Arity = IsSwitch ? ArgumentArity.Zero : held.IsArray ? ArgumentArity.OneOrMore : ArgumentArity.ExactlyOne;
        AllowMultipleArgumentsPerToken = held.IsArray;
        CustomParser = result => [.. result.Tokens.Select(t => t.Value)];
        CompletionSources.Add([.. Form?.Words ?? []]);
        Validators.Add(result =>
        {
            foreach (string fault in Split(result).Select(Fault).OfType<string>())
            {
                result.AddError(fault);
            }
        });
    }

    public SettingAttribute Setting { get; }

    /// <summary>How its values are written; null for a switch.</summary>
    public WordForm? Form { get; }

    public bool IsSwitch { get; }

    /// <summary>The word for its default; null where there is none, or it follows from something else.</summary>
    public string? StandardWord =>
        IsSwitch || Setting.Default is not null || WordForm.Write(_standard) is not { Length: > 0 } word ? null : word;

    /// <summary>The words that were given; null if it was not.</summary>
    public string[]? Words(ParseResult parsed) =>
        parsed.GetResult(this) is { Implicit: false } result ? [.. result.Tokens.Select(t => t.Value)] : null;

    /// <summary>What is wrong with a word; null where nothing is.</summary>
    public string? Fault(string word) => Form?.Fault(Name, word)
        ?? (Form is { IsNumber: true } && Form.Read(word) is IConvertible number ? Setting.Fault(Name, number) : null);

    /// <summary>Sets the property where the option was given.</summary>
    public void Apply(ParseResult parsed, object options)
    {
        if (parsed.GetResult(this) is { Implicit: false } result)
        {
            _property.SetValue(options, IsSwitch ? _standard is false : Value(Split(result)));
        }
    }

    private object? Value(List<string> words)
    {
        if (!_property.PropertyType.IsArray)
        {
            return Form!.Read(words[0]);
        }

        Array values = Array.CreateInstance(_type, words.Count);
        for (int i = 0; i < words.Count; i++)
        {
            values.SetValue(Form!.Read(words[i]), i);
        }

        return values;
    }

    /// <summary>Its words; those of a list of choices may stand in one, between commas.</summary>
    private List<string> Split(OptionResult result) =>
    [
        .. result.Tokens.SelectMany(t =>
            _property.PropertyType.IsArray && _type.IsEnum ? t.Value.Split(',') : [t.Value]),
    ];
}
