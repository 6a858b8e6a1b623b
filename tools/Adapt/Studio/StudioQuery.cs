using System.Globalization;

namespace SelfAdapt.Tool.Studio;

/// <summary>An address taken apart. Parts are looked up or read as numbers; none becomes part of a file's path.</summary>
internal sealed class StudioQuery
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Takes an address apart; nothing is decoded.</summary>
    public StudioQuery(string target)
    {
        string[] halves = target.Split('?', 2);
        Parts = halves[0].Split('/')[1..];
        foreach (string pair in halves.Length > 1 ? halves[1].Split('&') : [])
        {
            string[] sides = pair.Split('=', 2);
            _values[sides[0]] = sides.Length > 1 ? sides[1] : "";
        }
    }

    /// <summary>What lies between slashes.</summary>
    public string[] Parts { get; }

    /// <summary>A value behind the question mark; null where it is not there.</summary>
    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <summary>The same as a whole number; null where it is none.</summary>
    public int? Number(string name) => Number(Text(name), out int value) ? value : null;

    /// <summary>Whether a text is a whole number, 0 or more, in digits alone.</summary>
    public static bool Number(string? text, out int value)
    {
        value = 0;
        return text is not null && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
