using System.Globalization;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>The diameter of objects as it was asked for.</summary>
/// <param name="IsAuto">Whether it is to be found on the images.</param>
/// <param name="Pixels">What was given, px; 0 for nothing.</param>
internal readonly record struct DiameterChoice(bool IsAuto, double Pixels)
{
    private const string Auto = "auto";
    private const double Most = 10_000;

    public static DiameterChoice Automatic => new(true, 0);

    /// <summary>Reads auto, or a number of pixels.</summary>
    /// <returns>Null where it is neither.</returns>
    public static DiameterChoice? Parse(string word) => word == Auto ? Automatic
        : double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double pixels)
            && pixels is >= 0 and <= Most ? new(false, pixels)
        : null;

    public override string ToString() => IsAuto ? Auto : Pixels.ToString(CultureInfo.InvariantCulture);
}
