using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SelfAdapt.Autodiff;
using SelfAdapt.Imaging;
using SelfAdapt.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool.Verbs;

/// <summary>export: weights that a run kept, written into the model they started from.</summary>
internal sealed class ExportVerb
{
    private readonly Option<string> _model = OptionFactory.Required<string>(
        "--model", "FILE", "The model that the run started from: ONNX file or Cellpose checkpoint");

    private readonly Option<string?> _run = OptionFactory.Optional<string>(
        "--run", "FOLDER", "A run's output folder; without it the model's own weights are written");

    private readonly Option<int?> _snapshot = OptionFactory.Optional<int?>(
        "--snapshot", "N",
            "The weights after step N (run with --keep-snapshots) instead of the run's result");

    private readonly Option<string> _out =
        OptionFactory.Required<string>("--out", "FILE", "The file to write");
    private readonly Option<OutputDescription?> _outputs = OutputMeaning.CreateOption();
    private readonly Option<bool> _force = OptionFactory.Flag("--force", "Write over a file that is there");
    private readonly Option<string?> _json = ResultFile.CreateOption();

    private readonly Choice<Format> _format = new(
        "--format", "same", "What to write; 'same' is what the model is",
        ("same", Format.Same), ("onnx", Format.Onnx), ("cellpose", Format.Cellpose));

    private readonly Terminal _terminal;

    private ExportVerb(Terminal terminal) => _terminal = terminal;

    private enum Format
    {
        Same,
        Onnx,
        Cellpose,
    }

    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        ExportVerb verb = new(terminal);
        Command command = new("export", "Write a run's weights as an ONNX file or a Cellpose checkpoint")
        {
            verb._model, verb._run, verb._snapshot, verb._out, verb._format.Option, verb._outputs,
                verb._force,
            verb._json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(verb._snapshot) is not null && result.GetResult(verb._run) is null)
            {
                result.AddError("--snapshot needs --run, the folder that holds it.");
            }
        });
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        string target = parsed.GetRequiredValue(_out);
        string? json = parsed.GetValue(_json);
        ResultFile.Check(json);
        OutputFolder.RequireFree(target, parsed.GetValue(_force));
        ModelFile model = ModelFile.Load(parsed.GetRequiredValue(_model));
        Network network = model.Import(parsed.GetValue(_outputs));
        IReadOnlyDictionary<string, float[]> weights =
            parsed.GetValue(_run) is { } run ? ReadWeights(network, run, parsed.GetValue(_snapshot))
                : NoWeights;
        Format format = _format.Get(parsed);
        bool checkpoint =
            format == Format.Cellpose || (format == Format.Same && model.Checkpoint is not null);
        byte[] content = checkpoint
            ? model.WriteCheckpoint(weights, Path.GetFileNameWithoutExtension(target))
            : model.WriteOnnx(weights);
        OutputFile.Write(target, content);
        string kind = checkpoint ? "cellpose" : "onnx";
        _terminal.Out.WriteLine($"{target}: {kind}, {content.Length:N0} bytes");
        ResultFile.Write(json, new JsonObject
        {
            ["model"] = target,
            ["format"] = kind,
            ["bytes"] = content.Length,
            ["snapshot"] = parsed.GetValue(_snapshot),
        });
        return (int)ExitCode.Ok;
    }

    private static IReadOnlyDictionary<string, float[]> NoWeights { get; } =
        new Dictionary<string, float[]>();

    private static Dictionary<string, float[]> ReadWeights(Network network, string run, int? snapshot)
    {
        string file = snapshot is { } step ? RunFolder.Snapshot(run, step) : RunFolder.Adapted(run);
        if (!File.Exists(file))
        {
            throw new SelfAdaptException(
                ExitCode.NoUsableInput, $"{file}: is not there. {RunFolder.Contents(run)}");
        }

        OnnxModel kept = OnnxModel.Load(file);
        return network.Parameters.Concat(network.Statistics)
            .ToDictionary(t => t.Name, t => Values(kept, file, t));
    }

    private static float[] Values(OnnxModel kept, string file, NetworkTensor tensor)
    {
        OnnxTensor? found = kept.FindWeight(tensor.Name);
        return found is not null && found.Dims.SequenceEqual(tensor.Shape.Select(d => (long)d))
            ? found.ToFloats()
            : throw new SelfAdaptException(
                ExitCode.ModelUnsupported,
                $"{file}: has no weight '{tensor.Name}' of [{string.Join(",", tensor.Shape)}] as --model "
                    + $"has. Give the "
                + "model that the run started from.");
    }
}
