using System.Text.Json;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Models;

/// <summary>How intensities are normalised, as the word that models, runs and pages tell it by.</summary>
internal static class NormalizationName
{
    /// <summary>The key of a model's metadata.</summary>
    public const string Key = "selfadapt.normalization";

    public static string Of(IntensityNormalization normalization) => JsonNamingPolicy.SnakeCaseLower.ConvertName(normalization.ToString());

    /// <summary>Null for no such word.</summary>
    public static IntensityNormalization? Read(string? word) =>
        Enum.GetValues<IntensityNormalization>().Where(n => Of(n) == word).Select(n => (IntensityNormalization?)n).FirstOrDefault();

    /// <summary>A model with other weights that tells what it was trained with.</summary>
    public static OnnxModel With(
        this OnnxModel model, IntensityNormalization normalization, IReadOnlyDictionary<string, float[]>? weights = null) =>
        model.WithWeights(weights ?? new Dictionary<string, float[]>(), new Dictionary<string, string> { [Key] = Of(normalization) });
}
