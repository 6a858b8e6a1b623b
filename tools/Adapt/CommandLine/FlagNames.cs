using System.Text.Json;
using System.Text.RegularExpressions;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.CommandLine;

/// <summary>How properties and enums are called on the command line; the library knows nothing of it.</summary>
internal static class FlagNames
{
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["LambdaL2Sp"] = "lambda-l2sp",
        ["DecoupledL2Sp"] = "decoupled-l2sp",
        ["UseL2Sp"] = "l2sp",
        ["Kind"] = "engine",
        ["Normalization"] = "normalize",
        ["MeanTeacher"] = "mean-teacher",
        ["CropSize"] = "crop",
        [nameof(IntensityNormalization.ZeroMeanUnitVariance)] = "zscore",
    };

    /// <summary>Cellpose's names, and another spelling.</summary>
    private static readonly Dictionary<string, string[]> Others = new(StringComparer.Ordinal)
    {
        ["--model"] = ["--pretrained-model"],
        ["--images"] = ["--dir", "--image-path"],
        ["--out"] = ["--savedir"],
        ["--epochs"] = ["--n-epochs"],
        ["--images-per-epoch"] = ["--nimg-per-epoch"],
        ["--licence"] = ["--license"],
    };

    /// <summary>A property's flag; a switch that is on without it is called after what it turns off.</summary>
    public static string Of(string property, object? standard)
    {
        string plain = property.StartsWith("Use", StringComparison.Ordinal) ? property["Use".Length..] : property;
        string words = Renamed.GetValueOrDefault(property) ?? JsonNamingPolicy.KebabCaseLower.ConvertName(plain);
        return standard is true ? "--no-" + words : "--" + words;
    }

    public static string[] OthersOf(string flag) => Others.GetValueOrDefault(flag) ?? [];

    public static string WordOf(Enum value) =>
        Renamed.GetValueOrDefault(value.ToString()) ?? value.ToString().ToLowerInvariant();

    /// <summary>A message of the library with flags where it names properties.</summary>
    public static string Translate(string message, IReadOnlyDictionary<string, SettingOption> flags) => Regex.Replace(
        message, @"\b[A-Z]\w+\b",
        word => flags.TryGetValue(word.Value, out SettingOption? flag) ? flag.Name : word.Value);
}
