using System.Globalization;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>The power of intensities as it was asked for.</summary>
/// <param name="IsAuto">Whether it is to be found on the images.</param>
/// <param name="Power">What was given; null: nothing, so that the model's own holds.</param>
internal readonly record struct GammaChoice(bool IsAuto, double? Power)
{
    private const string Auto = "auto";

    /// <summary>Reads auto, or a power.</summary>
    /// <returns>Null where it is neither.</returns>
    public static GammaChoice? Parse(string word) => word == Auto ? new(true, null)
        : double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double power) && power is >= 0.1 and <= 10
            ? new(false, power)
        : null;

    public override string ToString() => IsAuto ? Auto : Power?.ToString(CultureInfo.InvariantCulture) ?? "";
}
