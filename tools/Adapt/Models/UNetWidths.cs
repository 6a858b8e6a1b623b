using System.Globalization;
using SelfAdapt.Adaptation.Foreground;

namespace SelfAdapt.Tool.Models;

/// <summary>The --widths option: channels of each level of a new U-Net, finest first.</summary>
internal static class UNetWidths
{
    public const string Default = "16,32,48,64";

    /// <exception cref="SelfAdaptException">InvalidOption: they make no network.</exception>
    public static int[] Parse(string text)
    {
        int[] widths = [.. text.Split(',').Select(w =>
            int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0)];
        return widths.Length is >= 2 and <= 6 && widths.All(w => w <= 1024 && UNetGraph.Fits(w))
            ? widths
            : throw new SelfAdaptException(
                ErrorKind.InvalidOption,
                $"--widths is '{text}', but must be two to six numbers, each 8 or a multiple of 16 up to 1024, such as "
                + $"{Default}.");
    }

    /// <summary>Refuses crops that the levels can't halve.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: they can't.</exception>
    public static void RequireFits(int crop, int multiple)
    {
        if (crop % multiple != 0)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, $"--crop is {crop}, but this network takes multiples of {multiple}.");
        }
    }
}
