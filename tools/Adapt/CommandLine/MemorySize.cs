using System.Globalization;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>An amount of memory, such as 2GB.</summary>
internal readonly record struct MemorySize(long Bytes)
{
    private static readonly (string Unit, double Bytes)[] Units = [("GB", 1e9), ("MB", 1e6)];

    public static MemorySize? Parse(string word)
    {
        foreach ((string unit, double bytes) in Units)
        {
            if (word.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(
                    word.AsSpan(..^unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                    out double number)
                && number * bytes is >= 1e6 and <= 1e15)
            {
                return new MemorySize((long)(number * bytes));
            }
        }

        return null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bytes / 1e9:0.#}GB");
}
