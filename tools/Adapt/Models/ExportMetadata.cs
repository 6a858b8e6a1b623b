using System.Security.Cryptography;
using SelfAdapt.Models.Graph;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Models;

/// <summary>What is known about a model, as the key-value pairs that exported variants carry.</summary>
internal static class ExportMetadata
{
    public const string DiameterKey = "selfadapt.diameter";
    public const string InvertKey = "selfadapt.invert";

    private const string LicenceKey = "license";

    /// <summary>The pairs: those of the source model, then what is known of it and of the run.</summary>
    /// <param name="network">The same, as imported.</param>
    /// <param name="run">The run whose weights are exported; null for the source's own.</param>
    /// <param name="diameters">The diameters that the export carries.</param>
    /// <param name="licence">The model's licence as the user names it; null to keep the source's.</param>
    public static IReadOnlyDictionary<string, string> Collect(
        ModelFile model, Network network, RunRecord? run, Diameters diameters, string? licence)
    {
        Dictionary<string, string> pairs = new(model.Onnx.Metadata, StringComparer.Ordinal)
        {
            ["selfadapt.version"] = typeof(SelfAdaptException).Assembly.GetName().Version!.ToString(3),
            ["selfadapt.source"] = Path.GetFileName(model.Path),
            ["selfadapt.source_sha256"] = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(model.Path))),
            ["selfadapt.size_multiple"] = FormattableString.Invariant($"{network.SizeMultiple}"),
        };
        if (network.Outputs.HasFlow)
        {
            pairs["selfadapt.flow_scale"] = FormattableString.Invariant($"{network.Outputs.FlowScale}");
            Add(ModelFile.DiamMeanKey, diameters.Mean);
            Add(ModelFile.DiamLabelsKey, diameters.Labels);
        }

        if (network.Outputs.HasRays && StarDistThresholds.Of(model) is { } tuned)
        {
            Add(StarDistThresholds.ProbabilityKey, tuned.Probability);
            Add(StarDistThresholds.NmsKey, tuned.Nms);
        }

        Add("selfadapt.channels", run?.Channels);
        Add(NormalizationName.Key, run?.Normalization);
        Add(DiameterKey, run?.Diameter);
        Add(InvertKey, run?.Invert);
        Add("selfadapt.iterations", run?.Iterations);
        Add("selfadapt.kept_iteration", run?.KeptIteration);
        Add("selfadapt.stop_reason", run?.StopReason);
        Add("selfadapt.seed", run?.Seed);
        Add(LicenceKey, licence);
        return pairs;

        void Add(string key, object? value)
        {
            if (value is not null)
            {
                pairs[key] = FormattableString.Invariant($"{value}");
            }
        }
    }
}

/// <summary>The two diameters that a Cellpose model carries; null where they are not known.</summary>
/// <param name="Mean">The object diameter that the network was trained at, px.</param>
/// <param name="Labels">The mean object diameter of the images that it is for, px.</param>
internal readonly record struct Diameters(float? Mean, float? Labels);
