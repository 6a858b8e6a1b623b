using System;
using System.Globalization;

namespace SelfAdapt.Tool.Options;

/// <summary>An amount of memory, such as 2GB.</summary>
/// <param name="Bytes">In bytes.</param>
internal readonly record struct MemorySize(long Bytes)
{
    private static readonly (string Unit, double Bytes)[] Units = [("GB", 1e9), ("MB", 1e6)];

    /// <summary>Reads a number with its unit.</summary>
    /// <param name="word">What the user gave.</param>
    /// <returns>Null where it is none, or less than a megabyte.</returns>
    public static MemorySize? Parse(string word)
    {
        foreach ((string unit, double bytes) in Units)
        {
            if (word.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(
                    word[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
                && number * bytes is >= 1e6 and <= 1e15)
            {
                return new MemorySize((long)(number * bytes));
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bytes / 1e9:0.#}GB");
}
