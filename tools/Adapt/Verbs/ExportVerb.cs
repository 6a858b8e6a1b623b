using System.CommandLine;
using System.Text.Json.Nodes;
using SelfAdapt.Files;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Interaction;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Results;

namespace SelfAdapt.Tool.Verbs;

/// <summary>export: weights that a run kept, written into the model they started from.</summary>
internal sealed class ExportVerb
{
    private readonly SettingOptions<ExportSettings> _options = new();
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

    public static Command Create(Terminal terminal)
    {
        ExportVerb verb = new(terminal);
        Command command = new("export", "Write a run's weights as an ONNX file, a Cellpose checkpoint or a BioImage.IO package");
        verb._options.AddTo(command);
        Option Of(string property) => verb._options[property];
        Option format = Of(nameof(ExportSettings.Format));
        verb._package.AddTo(command, format);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Of(nameof(ExportSettings.Snapshot))) is not null
                && result.GetResult(Of(nameof(ExportSettings.Run))) is null)
            {
                result.AddError("--snapshot needs --run, the folder that holds it.");
            }

            if (result.GetResult(Of(nameof(ExportSettings.Variant))) is not null
                && result.GetResult(format) is { Tokens: [{ Value: "cellpose" }] })
            {
                result.AddError("--variant writes ONNX: leave out --format cellpose.");
            }

        });
        command.SetAction(verb.Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        ExportSettings settings = _options.Get(parsed);
        string target = settings.Out;
        ResultFile.Check(settings.Json);
        OutputFolder.RequireFree(target, settings.Force);
        ModelFile model = ModelFile.Load(settings.Model);
        Network network = model.Import(settings.Outputs);
        string? run = settings.Run;
        IReadOnlyDictionary<string, float[]> weights = NoWeights;
        if (run is not null)
        {
            OnnxModel exported = ReadRun(run, settings.Snapshot);
            weights = ReadWeights(network, exported);
            model = model.WithGamma(InputPower.Of(exported));
        }

        RunRecord? record = run is null ? null : RunRecord.Read(run);
        Diameters diameters =
            model.ChooseDiameters(settings.DiamMean, settings.DiamLabels, record);
        ModelVariant? variant = settings.Variant?.Variant
            ?? (settings.Format == Format.BioImageIo ? ModelVariant.Portable : null);
        bool checkpoint = variant is null
            && (settings.Format == Format.Cellpose || (settings.Format == Format.Same && model.Checkpoint is not null));
        if (checkpoint && InputPower.Of(model.Onnx) is not 1 and double gamma)
        {
            _terminal.Error.WriteLine(
                $"A checkpoint has no place for the power of intensities, {gamma:0.##}, that the run took: raise the normalised "
                + "intensities to it, or export as ONNX.");
        }

        if (checkpoint && diameters.Mean is null)
        {
            _terminal.Error.WriteLine(
                "The diameter that the network was trained at is not known: "
                + $"{CellposeModels.Diameter} px is written, as for Cellpose's networks for cells. "
                + "--diam-mean 17 is that of its networks for nuclei.");
        }

        string kind = settings.Format == Format.BioImageIo ? "bioimageio" : checkpoint ? "cellpose" : "onnx";
        long bytes = variant is null && !checkpoint ? WriteOriginal() : WriteContent();
        _terminal.Out.WriteLine($"{target}: {kind}, {bytes:N0} bytes");
        ResultFile.Write(settings.Json, new JsonObject
        {
            ["model"] = target,
            ["format"] = kind,
            ["bytes"] = bytes,
            ["snapshot"] = settings.Snapshot,
        });
        return (int)ExitCode.Ok;

        long WriteContent()
        {
            byte[] content = checkpoint
                ? model.WriteCheckpoint(weights, network, diameters, Path.GetFileNameWithoutExtension(target))
                : model.WriteVariant(
                    weights, network, variant!,
                    ExportMetadata.Collect(model, network, record, diameters, settings.Licence));
            if (settings.Format == Format.BioImageIo)
            {
                content = _package.Pack(
                    parsed, content, variant!, model, network, record, diameters, settings.Licence, target);
            }

            OutputFile.WriteDurably(target, content);
            return content.Length;
        }

        long WriteOriginal()
        {
            OnnxModel written = model.Onnx.WithWeights(weights);
            written.RequireApart(target);
            foreach (string file in written.FilesOf(target))
            {
                OutputFolder.RequireFree(file, settings.Force);
            }

            written.Save(target);
            return written.Contents.Sum(c => c.LongLength);
        }
    }

    private static IReadOnlyDictionary<string, float[]> NoWeights { get; } =
        new Dictionary<string, float[]>();

    private static OnnxModel ReadRun(string run, int? snapshot)
    {
        string file = snapshot is { } step ? RunFolder.Snapshot(run, step) : RunFolder.Adapted(run);
        if (!File.Exists(file))
        {
            throw new SelfAdaptException(
                ErrorKind.UnreadableInput, file, $"is not there. {RunFolder.Contents(run)}");
        }

        return OnnxModel.Load(file);
    }

    private static Dictionary<string, float[]> ReadWeights(Network network, OnnxModel exported) =>
        network.Parameters.Concat(network.Statistics).ToDictionary(t => t.Name, t => Values(exported, t));

    private static float[] Values(OnnxModel exported, NetworkTensor tensor)
    {
        OnnxTensor? found = exported.FindWeight(tensor.Name);
        return found is not null && found.Dims.SequenceEqual(tensor.Shape.Select(d => (long)d))
            ? found.ToFloats()
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, exported.Origin,
                $"has no weight '{tensor.Name}' of [{string.Join(",", tensor.Shape)}] as --model "
                    + $"has. Give the "
                + "model that the run started from.");
    }

    private sealed record ExportSettings : NetworkSettings
    {
        [Setting("The model that the run started from: ONNX file or Cellpose checkpoint", Unit = "file")]
        public required string Model { get; init; }

        [Setting("A run's output folder; without it the model's own weights are written",
            Unit = "folder", Basic = true)]
        public string? Run { get; init; }

        [Setting("The weights after step N (run with --keep-snapshots) instead of the run's result", Basic = true)]
        public int? Snapshot { get; init; }

        [Setting("The file to write", Unit = "file")]
        public required string Out { get; init; }

        [Setting("What to write; 'same' is what the model is", Basic = true)]
        public Format Format { get; init; }

        [Setting("How the ONNX file is written: 'original' is the model's own file with new weights; 'portable' one "
            + "output, free sizes, opset 13; 'static:N' the same for NxN px only (OpenCV); 'fp16' half the size",
            Default = "original", Basic = true)]
        public VariantChoice? Variant { get; init; }

        [Setting(1, 10_000, "Diameter that the network was trained at", Unit = "px",
            Default = "from the model or the run, else 30", Group = "description")]
        public double? DiamMean { get; init; }

        [Setting(1, 10_000, "Object diameter of the images it is for", Unit = "px",
            Default = "the median cell that the run found, else from the model", Group = "description")]
        public double? DiamLabels { get; init; }

        [Setting("Licence of the model, stored in variants", Unit = "name", Group = "description")]
        public string? Licence { get; init; }

        [Setting("Write over a file that is there", Basic = true)]
        public bool Force { get; init; }
    }
}
