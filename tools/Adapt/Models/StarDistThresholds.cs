using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Models;

/// <summary>
/// The thresholds that StarDist tuned for a model of its own, by its names: pairs in the ONNX file, or the file thresholds.json that
/// stands beside the weights in a StarDist model's folder.
/// </summary>
/// <param name="Probability">Where the probability is above it, an object is proposed.</param>
/// <param name="Nms">Share of the smaller of two objects that may lie in the other.</param>
internal sealed record StarDistThresholds(double Probability, double Nms)
{
    public const string ProbabilityKey = "prob_thresh";
    public const string NmsKey = "nms_thresh";

    private const string FileName = "thresholds.json";

    /// <summary>The logit of the threshold of the probability.</summary>
    public double Logit => Math.Log(Probability / (1 - Probability));

    /// <summary>Reads them.</summary>
    /// <returns>Null where there are none.</returns>
    /// <exception cref="SelfAdaptException">UnreadableInput: what is there are no thresholds.</exception>
    public static StarDistThresholds? Of(ModelFile model)
    {
        IReadOnlyDictionary<string, string> pairs = model.Onnx.Metadata;
        if (pairs.TryGetValue(ProbabilityKey, out string? probability) && pairs.TryGetValue(NmsKey, out string? nms))
        {
            return Checked(Number(probability), Number(nms), model.Path, $"its {ProbabilityKey} and {NmsKey} are no thresholds "
                + $"between 0 and 1: '{probability}' and '{nms}'.");
        }

        string[] folders =
            [Path.GetDirectoryName(Path.GetFullPath(model.Path))!, .. RunFolder.OfModel(model.Path) is { } run ? [run] : (string[])[]];
        return folders.Select(f => Path.Combine(f, FileName)).FirstOrDefault(File.Exists) is { } file ? Read(file) : null;

        static double? Number(string text) =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
    }

    /// <summary>Writes them beside a model, as StarDist does.</summary>
    public void Write(string folder) => ResultFile.Write(
        Path.Combine(folder, FileName), new JsonObject { ["prob"] = Probability, ["nms"] = Nms });

    private static StarDistThresholds Read(string file)
    {
        JsonObject? content;
        try
        {
            content = JsonFile.ParseObject(File.ReadAllBytes(file));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, $"can't be read: {e.Message}");
        }

        return Checked(Number("prob"), Number("nms"), file, "must hold prob and nms, two numbers between 0 and 1.");

        double? Number(string key) => content?[key] is JsonValue value && value.TryGetValue(out double number) ? number : null;
    }

    private static StarDistThresholds Checked(double? probability, double? nms, string file, string why) =>
        probability is > 0 and < 1 && nms is >= 0 and <= 1
            ? new(probability.Value, nms.Value)
            : throw Unreadable(file, why);

    private static SelfAdaptException Unreadable(string file, string why) => new(
        ErrorKind.UnreadableInput, file, why + " StarDist's thresholds belong to its model: mend them, or give both "
        + "--cellprob-threshold and --nms-threshold after taking them away.");
}
