using System.CommandLine;
using System.Text.Json.Nodes;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Segmentation.Packages;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>
/// inspect: what was recognised in a model file, and what of it can be trained; what an image file holds.
/// </summary>
internal static class InspectVerb
{
    private const string OrtOnly = "ort";

    public static Command Create(Terminal terminal)
    {
        Argument<string?> file = new("MODEL")
        {
            Description = "ONNX file, Cellpose checkpoint, BioImage.IO package or image",
            Arity = ArgumentArity.ZeroOrOne,
        };
        SettingOptions<InspectSettings> options = new();
        Command command = new("inspect", "Show what was recognised in a model or image file") { file };
        options.AddTo(command);
        Option model = options[nameof(InspectSettings.Model)];
        command.Validators.Add(result =>
        {
            if (result.GetResult(file)?.Tokens.Count > 0 == result.GetResult(model) is not null)
            {
                result.AddError("inspect takes one model: inspect MODEL.");
            }
        });
        command.SetAction(parsed => Run(terminal, parsed.GetValue(file), options.Get(parsed)));
        return command;
    }

    private static int Run(Terminal terminal, string? file, InspectSettings settings)
    {
        string path = (file ?? settings.Model)!;
        ResultFile.Check(settings.Json);
        if (PackageCheck.IsPackage(path))
        {
            return PackageReport.Run(terminal, path, settings.Json);
        }

        if (ImageFacts.IsImage(path))
        {
            return ImageReport.Run(terminal, path, settings.Json);
        }

        ModelFile model = ModelFile.Load(path);
        SelfAdaptException? refusal = null;
        RunnableNetwork? network = null;
        try
        {
            network = RunnableNetwork.Of(model, settings.Outputs);
        }
        catch (SelfAdaptException e) when (e.Kind is ErrorKind.ModelUnsupported or ErrorKind.OutputsUnknown)
        {
            refusal = e;
        }

        SelfAdaptException? untrained = refusal ?? network?.WhyOrtOnly;
        string? why = untrained is null ? model.WhyFrozen : RunnableNetwork.Reason(untrained);
        WriteText(terminal.Out, model, network, why);
        ResultFile.Write(settings.Json, ToJson(model, network, why));
        if (refusal is not null)
        {
            terminal.Error.WriteLine(refusal.Message);
            return (int)ExitCodes.Of(refusal.Kind);
        }

        return (int)ExitCode.Ok;
    }

    private static void WriteText(TextWriter output, ModelFile model, RunnableNetwork? network, string? why)
    {
        OnnxModel onnx = model.Onnx;
        output.WriteLine(model.Path);
        Row(output, "format", model.Checkpoint is { } checkpoint
            ? $"Cellpose checkpoint, {checkpoint.Tensors.Count} tensors"
            : $"ONNX, IR {onnx.IrVersion}, opset {Opset(onnx)}, written by {Producer(onnx)}");
        foreach (OnnxValueInfo input in onnx.Graph.Inputs)
        {
            Row(output, "input", input.ToString());
        }

        foreach (OnnxValueInfo value in onnx.Graph.Outputs)
        {
            Row(output, "output",
                $"{value}{(network is null ? "" : ": " + Meaning(network, value.Name))}");
        }

        if (network?.Trainable is { } trainable)
        {
            WriteNetwork(output, trainable);
        }

        Row(output, "operators", string.Join(", ", Operators(onnx).Select(o => $"{o.Value} {o.Key}")));
        Row(output, "diameter", model.DiamMean is { } mean
            ? FormattableString.Invariant($"trained at {mean:0.##} px")
                + (model.DiamLabels is { } labels ? FormattableString.Invariant($", labels {labels:0.##} px")
                    : "")
            : "not given in the file");
        Row(output, "runs", RunsOn(network) switch
        {
            null => "no",
            OrtOnly => "through ONNX Runtime",
            _ => network!.Trainable!.ReturnsOneMap && !ImageInput.Read(model.Onnx).ChannelsLast
                ? "on both engines" : "on the built-in engine",
        });
        Row(output, "trainable", network is null ? "no" : why is null ? "yes, every parameter" : "no: " + why);
        WriteConsumers(output, model, network?.Trainable is not null);
    }

    private static void WriteConsumers(TextWriter output, ModelFile model, bool exported)
    {
        output.WriteLine(model.Checkpoint is null
            ? "Who can be expected to open it"
            : "Cellpose 1 to 3 opens it. Who can be expected to open it once exported with --format onnx");
        foreach (ConsumerFinding finding in ConsumerCheck.Check(model.Onnx))
        {
            output.WriteLine($"  {finding.Consumer,-17}" + (finding.IsMet
                ? "yes"
                : $"no: {finding.Reason}{(exported ? $" -> export --variant {finding.Variant}" : "")}"));
        }
    }

    private static void WriteNetwork(TextWriter output, Network network)
    {
        if (network.EmbeddingName is null)
        {
            Row(output, "embedding",
                $"{network.EmbeddingLength} values of unit length, computed inside the network");
        }

        Row(output, "parameters", FormattableString.Invariant(
            $"{network.ParameterCount:N0} trainable values in {network.Parameters.Count} tensors"));
        Row(output, "statistics", FormattableString.Invariant(
            $"{network.StatisticsCount:N0} stored values of batch normalisation"));
        Row(output, "sizes", $"height and width in multiples of {network.SizeMultiple}");
    }

    private static string? RunsOn(RunnableNetwork? network) =>
        network is null ? null : network.Trainable is null ? OrtOnly : "builtin";

    private static JsonObject ToJson(ModelFile model, RunnableNetwork? runnable, string? why)
    {
        Network? network = runnable?.Trainable;
        OnnxModel onnx = model.Onnx;
        JsonObject operators = [];
        foreach ((string kind, int count) in Operators(onnx))
        {
            operators[kind] = count;
        }

        return new JsonObject
        {
            ["model"] = model.Path,
            ["format"] = model.Checkpoint is null ? "onnx" : "cellpose",
            ["ir_version"] = onnx.IrVersion,
            ["opset"] = Opset(onnx),
            ["producer"] = Producer(onnx),
            ["inputs"] = new JsonArray([.. onnx.Graph.Inputs.Select(i => ToJson(i, null))]),
            ["outputs"] = new JsonArray(
                [.. onnx.Graph.Outputs.Select(
                    o => ToJson(o, runnable is null ? null : Meaning(runnable, o.Name)))]),
            ["runs_on"] = RunsOn(runnable),
            ["trainable"] = why is null,
            ["reason"] = why,
            ["trainable_parameters"] = network?.ParameterCount,
            ["statistics"] = network?.StatisticsCount,
            ["size_multiple"] = network?.SizeMultiple,
            ["embedding_length"] = network?.EmbeddingLength,
            ["ops"] = operators,
            ["diam_mean"] = model.DiamMean,
            ["diam_labels"] = model.DiamLabels,
            ["consumers"] = new JsonArray([.. ConsumerCheck.Check(onnx).Select(f => (JsonNode)new JsonObject
            {
                ["consumer"] = f.Consumer,
                ["meets"] = f.IsMet,
                ["reason"] = f.Reason,
                ["variant"] = f.Variant,
            })]),
        };
    }

    private static JsonObject ToJson(OnnxValueInfo value, string? meaning)
    {
        JsonObject result = new()
        {
            ["name"] = value.Name,
            ["type"] = value.ElementType.ToString(),
            ["shape"] = value.Shape is null
                ? null
                : new JsonArray(
                    [.. value.Shape.Select(
                    d => d.Value is { } n ? JsonValue.Create(n) : (JsonNode)d.ToString())]),
        };
        if (meaning is not null)
        {
            result["meaning"] = meaning;
        }

        return result;
    }

    private static string Meaning(RunnableNetwork network, string output) =>
        output == network.Ort.Output
            ? string.Join(", ", network.Ort.Description.Parts.Select(p =>
                $"{p.Name} ({p.Kind.Detail})"))
        : output == network.Ort.Embedding ? "embedding"
        : "not used";

    private static SortedDictionary<string, int> Operators(OnnxModel model)
    {
        SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (OnnxNode node in model.Graph.Nodes)
        {
            counts[node.OpType] = counts.GetValueOrDefault(node.OpType) + 1;
        }

        return counts;
    }

    private static long? Opset(OnnxModel model) =>
        model.Opsets.TryGetValue("", out long version) ? version : null;

    private static string Producer(OnnxModel model)
    {
        string producer = $"{model.ProducerName} {model.ProducerVersion}".Trim();
        return producer.Length > 0 ? producer : "an unnamed program";
    }

    private static void Row(TextWriter output, string name, string text) =>
        output.WriteLine($"  {name,-11}{text}");

    private sealed record InspectSettings : NetworkSettings
    {
        [Setting("The same, as an option", Unit = "file")]
        public string? Model { get; init; }
    }
}
