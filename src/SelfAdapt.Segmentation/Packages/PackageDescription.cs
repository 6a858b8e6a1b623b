using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Segmentation.Packages;

/// <summary>The description of a model as BioImage.IO defines it, format 0.5.</summary>
internal static class PackageDescription
{
    public const string FormatVersion = "0.5.7";

    /// <summary>The id of the input tensor, which is the name of the ONNX input.</summary>
    public const string InputId = NetworkWriter.InputName;

    /// <summary>Rows and columns that consumers cut off at a tile's rim.</summary>
    public const int Halo = 32;

    public const int LeastSide = 128;

    public const int SideStep = 16;

    private const int LongestId = 32;

    /// <param name="checksums">SHA-256 of every other file, by name.</param>
    public static JsonObject Build(
        PackageRequest request, ModelVariant variant, Network network, IReadOnlyDictionary<string, string> checksums)
    {
        JsonObject description = new()
        {
            ["format_version"] = FormatVersion,
            ["type"] = "model",
            ["name"] = request.Name,
            ["description"] = request.Description,
            ["covers"] = new JsonArray(PackageFiles.Cover),
            ["documentation"] = PackageFiles.Documentation,
            ["timestamp"] = request.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["tags"] = new JsonArray("segmentation", "cells", "microscopy", "2d", "domain-adaptation", "onnx"),
            ["cite"] = Citations(network.Outputs),
        };
        if (request.Authors.Count > 0)
        {
            description["authors"] =
                new JsonArray([.. request.Authors.Select(a => (JsonNode)new JsonObject { ["name"] = a })]);
        }

        if (request.Licence is { } licence)
        {
            description["license"] = licence;
        }

        description["inputs"] = new JsonArray(Input(request.Preparation, variant, network, checksums));
        description["outputs"] = new JsonArray(Output(network, checksums));
        description["weights"] = new JsonObject
        {
            ["onnx"] = new JsonObject
            {
                ["source"] = PackageFiles.Model,
                [PackageFiles.ChecksumsKey] = checksums[PackageFiles.Model],
                ["opset_version"] = NetworkWriter.Opset,
            },
        };
        JsonObject own = new()
        {
            [PackageFiles.ChecksumsKey] = new JsonObject(
                checksums.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Value))),
        };
        foreach ((string key, string value) in request.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            own.TryAdd(key.Replace(PackageFiles.OwnKey + ".", "", StringComparison.Ordinal), value);
        }

        description["config"] = new JsonObject { [PackageFiles.OwnKey] = own };
        return description;
    }

    /// <summary>The id of the output tensor: the ONNX output's name as far as ids may hold it.</summary>
    public static string OutputId(Network network) =>
        Identifier(network.Outputs.HasFlow ? NetworkWriter.FlowOutputName : network.OutputName);

    private static JsonObject Input(
        SegmentationOptions preparation, ModelVariant variant, Network network,
        IReadOnlyDictionary<string, string> checksums)
    {
        string[] names = network.InputChannels switch
        {
            1 => ["intensity"],
            2 => ["objects", "helper"],
            _ => [.. Enumerable.Range(1, network.InputChannels).Select(
                c => string.Create(CultureInfo.InvariantCulture, $"channel{c}"))],
        };
        return new JsonObject
        {
            ["id"] = InputId,
            ["description"] = "Intensities at the scale that the network knows, channels as named",
            ["axes"] = new JsonArray(
                variant.IsStatic
                    ? new JsonObject { ["type"] = "batch", ["size"] = 1 }
                    : new JsonObject { ["type"] = "batch" },
                Channels(names), InputSide("y", variant.Height), InputSide("x", variant.Width)),
            ["test_tensor"] = File(PackageFiles.TestInput, checksums),
            ["data"] = new JsonObject { ["type"] = "float32" },
            ["preprocessing"] = Preprocessing(preparation),
        };
    }

    private static JsonObject Output(Network network, IReadOnlyDictionary<string, string> checksums) => new()
    {
        ["id"] = OutputId(network),
        ["description"] = network.Outputs.HasFlow
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Flow towards the cell's centre, {network.Outputs.FlowScale} times the unit vector, and a logit")
            : "The network's raw output",
        ["axes"] = new JsonArray(
            new JsonObject { ["type"] = "batch" },
            Channels([.. network.Outputs.Parts.SelectMany(ChannelNames)]), OutputSide("y"), OutputSide("x")),
        ["test_tensor"] = File(PackageFiles.TestOutput, checksums),
        ["data"] = new JsonObject { ["type"] = "float32" },
    };

    private static JsonArray Preprocessing(SegmentationOptions preparation)
    {
        JsonArray steps = [Step("ensure_dtype", new JsonObject { ["dtype"] = "float32" })];
        switch (preparation.Normalization)
        {
            case IntensityNormalization.Percentile:
                steps.Add(Step("scale_range", new JsonObject
                {
                    ["axes"] = new JsonArray("y", "x"),
                    ["min_percentile"] = 1,
                    ["max_percentile"] = 99,
                    ["eps"] = 1e-6,
                }));
                break;
            case IntensityNormalization.ZeroMeanUnitVariance:
                steps.Add(Step("zero_mean_unit_variance", new JsonObject
                {
                    ["axes"] = new JsonArray("y", "x"),
                    ["eps"] = 1e-6,
                }));
                break;
        }

        if (preparation.Invert)
        {
            steps.Add(Step("scale_linear", new JsonObject { ["gain"] = -1.0, ["offset"] = 1.0 }));
        }

        steps.Add(Step("ensure_dtype", new JsonObject { ["dtype"] = "float32" }));
        return steps;
    }

    private static JsonObject Step(string id, JsonObject arguments) => new() { ["id"] = id, ["kwargs"] = arguments };

    private static JsonObject Channels(string[] names) => new()
    {
        ["type"] = "channel",
        ["channel_names"] = new JsonArray([.. names.Select(n => (JsonNode)n)]),
    };

    private static JsonObject InputSide(string id, int? size) => new()
    {
        ["type"] = "space",
        ["id"] = id,
        ["size"] = size is { } side ? side : new JsonObject { ["min"] = LeastSide, ["step"] = SideStep },
    };

    private static JsonObject OutputSide(string id) => new()
    {
        ["type"] = "space",
        ["id"] = id,
        ["size"] = new JsonObject { ["tensor_id"] = InputId, ["axis_id"] = id },
        ["halo"] = Halo,
    };

    private static JsonObject File(string name, IReadOnlyDictionary<string, string> checksums) => new()
    {
        ["source"] = name,
        [PackageFiles.ChecksumsKey] = checksums[name],
    };

    private static IEnumerable<string> ChannelNames(OutputPart part) =>
        Enumerable.Range(0, part.Channels).Select(i => Identifier(part.Name) + part.Kind.Ending(i));

    private static string Identifier(string name)
    {
        StringBuilder id = new();
        foreach (char c in name.ToLowerInvariant())
        {
            id.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        }

        if (id.Length == 0 || char.IsAsciiDigit(id[0]))
        {
            id.Insert(0, "t_");
        }

        return id.ToString(0, Math.Min(id.Length, LongestId));
    }

    private static JsonArray Citations(OutputDescription outputs)
    {
        JsonArray cite =
        [
            new JsonObject
            {
                ["text"] = "The adaptation: self-training with label-free stopping (arXiv 2508.11411)",
                ["doi"] = "10.48550/arXiv.2508.11411",
            },
        ];
        if (outputs.HasFlow)
        {
            cite.Add(new JsonObject
            {
                ["text"] = "The network: Stringer, Wang, Michaelos, Pachitariu, Cellpose. Nature Methods 2021",
                ["doi"] = "10.1038/s41592-020-01018-x",
            });
        }

        return cite;
    }
}
