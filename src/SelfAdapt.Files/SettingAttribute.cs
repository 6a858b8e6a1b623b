using System.Globalization;

namespace SelfAdapt;

/// <summary>
/// All that is to be said about an option, on the property that holds it: the range that is checked, and what command
/// line, help and documentation show. Without a help text it is for programs only; its default is the property's own.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SettingAttribute(string? help = null) : Attribute
{
    public SettingAttribute(double min, double max, string? help = null)
        : this(help) => (Min, Max) = (min, max);

    public string? Help { get; } = help;

    public double Min { get; } = double.NegativeInfinity;

    public double Max { get; } = double.PositiveInfinity;

    /// <summary>A whole number must be a multiple of it.</summary>
    public int Step { get; init; } = 1;

    /// <summary>A number's unit, or what a text names.</summary>
    public string? Unit { get; init; }

    /// <summary>The default in words, where it follows from other options or from the model.</summary>
    public string? Default { get; init; }

    /// <summary>Under which heading it is listed.</summary>
    public string Group { get; init; } = "";

    /// <summary>Whether it belongs to the few that most people use.</summary>
    public bool Basic { get; init; }

    /// <summary>The range in words; null where there is none.</summary>
    public string? Range => (double.IsFinite(Min), double.IsFinite(Max)) switch
    {
        (true, true) => Text($"between {Min} and {Max}{Measure}"),
        (true, false) => Text($"at {Min}{Measure} or above"),
        _ => null,
    };

    private string Measure => Unit is null ? "" : " " + Unit;

    /// <summary>What is wrong with a value; null where nothing is.</summary>
    public string? Fault(string name, object value)
    {
        if (value is Enum choice)
        {
            return Enum.IsDefined(choice.GetType(), choice)
                ? null
                : Text($"{name} is {value}, but must be one of {string.Join(", ", Enum.GetNames(choice.GetType()))}.");
        }

        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        if (!(number >= Min && number <= Max))
        {
            return Text($"{name} is {value}, but must {(Range is null ? "be a number" : "lie " + Range)}.");
        }

        double nearest = double.Clamp(double.Round(number / Step) * Step, Min, Max);
        return Step == 1 || nearest == number
            ? null
            : Text($"{name} is {value}{Measure}, but must be a multiple of {Step}; try {nearest}.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
