using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;

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
        ("same", Format.Same), ("onnx", Format.Onnx), ("cellpose", Format.Cellpose),
        ("bioimageio", Format.BioImageIo));

    private readonly Option<ModelVariant?> _variant = CreateVariant();

    private readonly Option<double?> _diamMean = OptionFactory.Optional<double?>(
        "--diam-mean", "PX", "Diameter that the network was trained at [default: from the model or the run, else 30]");

    private readonly Option<double?> _diamLabels = OptionFactory.Optional<double?>(
        "--diam-labels", "PX",
        "Object diameter of the images it is for [default: the median cell that the run found, else from the model]");

    private readonly Option<string?> _licence = OptionFactory.Optional<string>(
        "--licence", "NAME", "Licence of the model, stored in variants", "--license");

    private readonly PackageArguments _package = new();
    private readonly Terminal _terminal;

    private ExportVerb(Terminal terminal) => _terminal = terminal;

    private enum Format
    {
        Same,
        Onnx,
        Cellpose,
        BioImageIo,
    }

    /// <summary>The verb.</summary>
    public static Command Create(Terminal terminal)
    {
        ExportVerb verb = new(terminal);
        Command command = new("export", "Write a run's weights as an ONNX file, a Cellpose checkpoint or a BioImage.IO package")
        {
            verb._model, verb._run, verb._snapshot, verb._out, verb._format.Option, verb._variant,
            verb._diamMean, verb._diamLabels, verb._licence,
        };
        verb._package.AddTo(command, verb._format.Option);
        command.Add(verb._outputs);
        command.Add(verb._force);
        command.Add(verb._json);
        command.Validators.Add(result =>
        {
            if (result.GetResult(verb._snapshot) is not null && result.GetResult(verb._run) is null)
            {
                result.AddError("--snapshot needs --run, the folder that holds it.");
            }

            if (result.GetResult(verb._variant) is not null
                && result.GetResult(verb._format.Option) is { Tokens: [{ Value: "cellpose" }] })
            {
                result.AddError("--variant writes ONNX: leave out --format cellpose.");
            }

            foreach (Option<double?> diameter in (Option<double?>[])[verb._diamMean, verb._diamLabels])
            {
                if (result.GetResult(diameter) is { } given
                    && given.GetValueOrDefault<double?>() is not (> 0 and <= 10_000))
                {
                    result.AddError($"{diameter.Name} must be above 0 and at most 10000 px.");
                }
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
        string? run = parsed.GetValue(_run);
        IReadOnlyDictionary<string, float[]> weights =
            run is null ? NoWeights : ReadWeights(network, run, parsed.GetValue(_snapshot));
        RunRecord? record = run is null ? null : RunRecord.Read(run);
        Diameters diameters =
            model.ChooseDiameters(parsed.GetValue(_diamMean), parsed.GetValue(_diamLabels), record);
        Format format = _format.Get(parsed);
        ModelVariant? variant = parsed.GetValue(_variant)
            ?? (format == Format.BioImageIo ? ModelVariant.Portable : null);
        bool checkpoint = variant is null
            && (format == Format.Cellpose || (format == Format.Same && model.Checkpoint is not null));
        if (checkpoint && diameters.Mean is null)
        {
            _terminal.Error.WriteLine(
                "The diameter that the network was trained at is not known: "
                + $"{SegmentationArguments.CellposeDiameter} px is written, as for Cellpose's networks for cells. "
                + "--diam-mean 17 is that of its networks for nuclei.");
        }

        byte[] content =
            variant is not null ? model.WriteVariant(
                weights, network, variant,
                ExportMetadata.Collect(model, network, record, diameters, parsed.GetValue(_licence)))
            : checkpoint ? model.WriteCheckpoint(
                weights, network, diameters, Path.GetFileNameWithoutExtension(target))
            : model.WriteOnnx(weights);
        if (format == Format.BioImageIo)
        {
            content = _package.Pack(
                parsed, content, variant!, model, network, record, diameters, parsed.GetValue(_licence));
        }

        OutputFile.WriteDurably(target, content);
        string kind = format == Format.BioImageIo ? "bioimageio" : checkpoint ? "cellpose" : "onnx";
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

    /// <summary>The --variant option: original, portable, static:SIDE or fp16; null for the original.</summary>
    private static Option<ModelVariant?> CreateVariant() => new("--variant")
    {
        HelpName = "original|portable|static:N|fp16",
        Description = "How the ONNX file is written: 'original' is the model's own file with new weights; 'portable' "
            + "one output, free sizes, opset 13; 'static:N' the same for NxN px only (OpenCV); 'fp16' half the size "
            + "[default: original]",
        CustomParser = result =>
        {
            string word = result.Tokens[0].Value;
            switch (word)
            {
                case "original":
                    return null;
                case "portable":
                    return ModelVariant.Portable;
                case "fp16":
                    return ModelVariant.Fp16;
            }

            if (word.StartsWith("static:", StringComparison.Ordinal)
                && int.TryParse(word["static:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int side)
                && side is > 0 and <= 16384)
            {
                return ModelVariant.Static(side);
            }

            result.AddError(
                $"--variant is '{word}', but must be original, portable, fp16, or static: and a size such as "
                + "static:256.");
            return null;
        },
    };

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
