using System.Globalization;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Probabilistic.Networks;

/// <summary>The sizes that a Probabilistic U-Net is built by; its files carry them as metadata.</summary>
/// <param name="Widths">Channels of each level, finest first.</param>
/// <param name="Latent">Dimensions of the latent.</param>
/// <param name="Combining">1x1 convolutions that combine latent and features, 2 or more.</param>
internal sealed record ProbabilisticShape(IReadOnlyList<int> Widths, int Latent, int Combining)
{
    private const string WidthsKey = "probabilistic_widths";
    private const string LatentKey = "probabilistic_latent";
    private const string CombiningKey = "probabilistic_combining";
    private const int Most = 1024;

    public IReadOnlyDictionary<string, string> Metadata => new Dictionary<string, string>
    {
        [WidthsKey] = string.Join(',', Widths),
        [LatentKey] = Latent.ToString(CultureInfo.InvariantCulture),
        [CombiningKey] = Combining.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The sizes of a model; null where it is no Probabilistic U-Net.</summary>
    /// <exception cref="SelfAdaptException">ModelUnsupported: it says that it is one, of no possible size.</exception>
    public static ProbabilisticShape? Of(OnnxModel model)
    {
        if (!model.Metadata.TryGetValue(WidthsKey, out string? widths))
        {
            return null;
        }

        int[] levels = [.. widths.Split(',').Select(Number)];
        ProbabilisticShape shape = new(levels, Number(Value(LatentKey)), Number(Value(CombiningKey)));
        return levels.Length is >= 2 and <= 8 && levels.All(IsSize) && IsSize(shape.Latent) && shape.Combining is >= 2 and <= 16
            ? shape
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, model.Origin,
                "it says of itself that it is a Probabilistic U-Net, but its sizes are none. Train a new one.");

        string Value(string key) => model.Metadata.GetValueOrDefault(key, "");
    }

    private static bool IsSize(int value) => value is >= 1 and <= Most;

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
}
